/** Which providers are on this machine, as far as their addresses tell. */

import { hostOf, type Reach } from "../contact.ts";
import { isLoopbackAddress } from "./claims.ts";

/**
 * True for one on this machine. A loopback address alone says little: to somebody on another machine, it is that machine.
 *
 * @param ownHosts IP addresses of this machine
 */
export function isNear({ addresses, relays }: Reach, ownHosts: readonly string[]): boolean {
  if (addresses.some((address) => !isLoopbackAddress(address) && ownHosts.includes(hostOf(address)))) return true;
  const all = [...addresses, ...relays.flatMap((relay) => relay.addresses)];
  return all.length > 0 && all.every(isLoopbackAddress);
}
