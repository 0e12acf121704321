/** Who is at the other end of a socket. */

import type { Socket } from "node:net";

/** IPv4 addresses, as a socket that takes both kinds writes them. */
const MAPPED = /^::ffff:(?=\d+\.)/i;

/** Its IP address; undefined when it has gone by now. */
export function remoteHostOf({ remoteAddress }: Socket): string | undefined {
  return remoteAddress?.replace(MAPPED, "");
}

/** What one owner is sure to have no more than one of: an address of IPv4, or a /64 of IPv6. */
export function ownerOf(host: string): string {
  if (!host.includes(":")) return host;
  const [front, back] = host.split("%")[0].split("::").map((half) => half === "" ? [] : half.split(":"));
  const missing = back === undefined ? 0 : 8 - front.length - back.length;
  return [...front, ...Array<string>(Math.max(0, missing)).fill("0"), ...back ?? []].slice(0, 4).join(":");
}
