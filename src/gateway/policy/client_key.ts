/** What a client's address is counted by: an IPv6 client has a whole /64, of which it could take another one each time. */

/** The address itself for IPv4, mapped into IPv6 too; for IPv6 its first 64 bits. */
export function clientKey(address: string): string {
  if (!address.includes(":")) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped) return mapped[1];
  const [head, tail] = address.replace(/%.*$/, "").toLowerCase().split("::");
  const groups = head === "" ? [] : head.split(":");
  const behind = tail === undefined || tail === "" ? [] : tail.split(":");
  // Dotted decimals at the end are two groups.
  const length = groups.length + behind.length + (behind.at(-1)?.includes(".") ? 1 : 0);
  if (tail !== undefined) groups.push(...Array(Math.max(0, 8 - length)).fill("0"), ...behind);
  return groups.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, "")).join(":") + "::/64";
}
