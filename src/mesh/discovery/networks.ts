/** Which networks addresses are of: whoever has one machine has as many ids as he likes, but few networks. */

import { hostOf } from "../contact.ts";

/** Stands before the number of an IPv6 network, so that none is also that of an IPv4 one. */
const IPV6 = 2 ** 48;

/**
 * The networks of addresses on the public Internet: IPv4 /24, IPv6 /48. Private and loopback ones are in none, where many
 * nodes of one owner are what is to be expected, nor are names, of which it isn't known where they lead. A network
 * is a number, because many are compared.
 */
export function networksOf(addresses: readonly string[]): readonly number[] {
  const networks: number[] = [];
  for (const address of addresses) {
    const network = networkOf(hostOf(address));
    if (network !== undefined && !networks.includes(network)) networks.push(network);
  }
  return networks;
}

function networkOf(host: string): number | undefined {
  if (host.includes(":")) return networkOf6(host);
  const octets = host.split(".").map((part) => /^\d{1,3}$/.test(part) ? Number(part) : NaN);
  if (octets.length !== 4 || !octets.every((octet) => octet <= 255)) return undefined;
  return isPrivate4(octets) ? undefined : octets[0] << 16 | octets[1] << 8 | octets[2];
}

/** RFC 1918, loopback, link-local (RFC 3927), shared by carriers (RFC 6598), and "here". */
function isPrivate4([a, b]: readonly number[]): boolean {
  if (a === 0 || a === 10 || a === 127) return true;
  if (a === 172) return b >= 16 && b < 32;
  if (a === 192) return b === 168;
  if (a === 169) return b === 254;
  return a === 100 && b >= 64 && b < 128;
}

function networkOf6(host: string): number | undefined {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host);
  if (mapped) return networkOf(mapped[1]);
  const groups = groupsOf6(host);
  // Global unicast (RFC 4291 §2.4): all else is loopback, link-local, unique local, or not for nodes.
  if (!groups || groups[0] >>> 13 !== 1) return undefined;
  return IPV6 + (groups[0] * 2 ** 16 + groups[1]) * 2 ** 16 + groups[2];
}

/** Eight numbers; undefined for what is no address. */
function groupsOf6(host: string): readonly number[] | undefined {
  const [front, back, ...more] = host.split("::").map((half) => half === "" ? [] : half.split(":"));
  if (more.length > 0 || ![...front, ...back ?? []].every((group) => /^[\da-f]{1,4}$/i.test(group))) return undefined;
  const missing = 8 - front.length - (back?.length ?? 0);
  if (back ? missing < 1 : missing !== 0) return undefined;
  const filled = [...front, ...Array<string>(missing).fill("0"), ...back ?? []];
  return filled.map((group) => Number.parseInt(group, 16));
}
