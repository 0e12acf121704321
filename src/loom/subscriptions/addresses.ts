/** Which addresses a webhook may lie at: a server must not be sent to where its clients can't go themselves. */

import { BlockList, isIP } from "node:net";

/** Where a request may go: to the public internet, to this machine alone, anywhere. */
export type Reach = "public" | "loopback" | "any";

/** What is not public of IPv4 (IANA special-purpose address registry, multicast and reserved addresses). */
const SPECIAL_V4 = blockList("ipv4", [
  ["0.0.0.0", 8], // this network
  ["10.0.0.0", 8], // private
  ["100.64.0.0", 10], // behind a carrier's NAT
  ["127.0.0.0", 8], // loopback
  ["169.254.0.0", 16], // link-local, where clouds keep their credentials
  ["172.16.0.0", 12], // private
  ["192.0.0.0", 24], // protocol assignments
  ["192.0.2.0", 24], // documentation
  ["192.88.99.0", 24], // 6to4 relays
  ["192.168.0.0", 16], // private
  ["198.18.0.0", 15], // benchmarks
  ["198.51.100.0", 24], // documentation
  ["203.0.113.0", 24], // documentation
  ["224.0.0.0", 4], // multicast
  ["240.0.0.0", 4], // reserved, broadcast
]);

/** What is public of IPv6; loopback, link-local, unique-local, NAT64 and IPv4 in IPv6 all lie outside. */
const GLOBAL_V6 = blockList("ipv6", [["2000::", 3]]);

/** What is not public within that. */
const SPECIAL_V6 = blockList("ipv6", [
  ["2001::", 23], // protocol assignments, Teredo with an IPv4 address inside
  ["2001:db8::", 32], // documentation
  ["2002::", 16], // 6to4, with an IPv4 address inside
  ["3fff::", 20], // documentation
]);

const LOOPBACK_V4 = blockList("ipv4", [["127.0.0.0", 8]]);

function blockList(family: "ipv4" | "ipv6", nets: readonly (readonly [net: string, prefix: number])[]): BlockList {
  const list = new BlockList();
  for (const [net, prefix] of nets) list.addSubnet(net, prefix, family);
  return list;
}

/**
 * Whether an address lies within reach. What is no address does not.
 *
 * @param address IPv4 or IPv6 as text, without brackets
 */
export function isWithin(address: string, reach: Reach): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  if (reach === "any") return true;
  if (reach === "loopback") return family === 4 ? LOOPBACK_V4.check(address, "ipv4") : address === "::1";
  if (family === 4) return !SPECIAL_V4.check(address, "ipv4");
  return GLOBAL_V6.check(address, "ipv6") && !SPECIAL_V6.check(address, "ipv6");
}
