/** The machine's own IP addresses. */

import { networkInterfaces } from "node:os";

/** Those of its interfaces, loopback among them. They may change any time. */
export function ownHosts(): readonly string[] {
  try {
    return Object.values(networkInterfaces()).flatMap((all) => all ?? []).map(({ address }) => address.split("%")[0]);
  } catch {
    return []; // it may not be asked for: then only what was said counts
  }
}
