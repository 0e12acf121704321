/** Distances between places, which are the XOR of both as a number of 256 bits (Kademlia §2.1). */

/** Bits of a place. */
export const PLACE_BITS = 256;
/** Bytes of one. */
export const PLACE_BYTES = PLACE_BITS / 8;

/** Something that has a place. */
export interface Placed {
  readonly place: Uint8Array<ArrayBuffer>;
  /** The first 32 bits of it: they nearly always tell which of two is nearer. */
  readonly head: number;
}

/** A place with its head. */
export function placed(place: Uint8Array<ArrayBuffer>): Placed {
  return { place, head: headOf(place) };
}

/** The first 32 bits. */
export function headOf(place: Uint8Array): number {
  return (place[0] << 24 | place[1] << 16 | place[2] << 8 | place[3]) >>> 0;
}

/** Less than zero when the first is nearer to a target than the second, zero when both have one place. */
export function compareDistance(target: Placed, a: Placed, b: Placed): number {
  const difference = ((a.head ^ target.head) >>> 0) - ((b.head ^ target.head) >>> 0);
  if (difference !== 0) return difference;
  for (let i = 4; i < PLACE_BYTES; i++) {
    const byte = target.place[i];
    const further = (a.place[i] ^ byte) - (b.place[i] ^ byte);
    if (further !== 0) return further;
  }
  return 0;
}

/** How many bits two places begin with in common: the number of the bucket in which one has the other. */
export function bitsInCommon(a: Placed, b: Placed): number {
  const difference = a.head ^ b.head;
  if (difference !== 0) return Math.clz32(difference);
  for (let i = 4; i < PLACE_BYTES; i++) {
    const byte = a.place[i] ^ b.place[i];
    if (byte !== 0) return 8 * i + Math.clz32(byte) - 24;
  }
  return PLACE_BITS;
}

/** Some place that has so many bits in common with another, and the next one not. */
export function placeBeside({ place }: Placed, bits: number, random: () => number): Placed {
  const beside = new Uint8Array(PLACE_BYTES);
  const [first, bit] = [bits >>> 3, 0x80 >>> (bits & 7)];
  for (let i = 0; i < PLACE_BYTES; i++) {
    beside[i] = i < first ? place[i] : Math.floor(256 * random());
  }
  const kept = 0xff & ~(2 * bit - 1);
  beside[first] = place[first] & kept | ~place[first] & bit | beside[first] & (bit - 1);
  return placed(beside);
}
