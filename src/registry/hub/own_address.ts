/** Where a hub is reached, as far as it can tell by itself. */

import { isLoopback } from "../../net/loopback.ts";

/**
 * The host under which others reach what listens on an address.
 *
 * @returns undefined where nobody else does
 */
export function outsideHost(hostname: string): string | undefined {
  if (isLoopback(hostname)) return undefined;
  if (hostname !== "0.0.0.0" && hostname !== "::") return hostname;
  const outside = Deno.networkInterfaces().filter(({ address, scopeid }) => !isLoopback(address) && !scopeid);
  return (outside.find(({ family }) => family === "IPv4") ?? outside[0])?.address;
}
