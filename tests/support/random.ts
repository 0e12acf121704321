/** Numbers that look random and are the same each time. */

/** A function that gives whole numbers from 0 to below a bound. */
export type Random = (below: number) => number;

/** Makes one, a xorshift generator. */
export function randomFrom(seed: number): Random {
  let state = (seed ^ 0x5bd1e995) | 1;
  return (below) => {
    for (const shift of [13, -17, 5]) state ^= shift > 0 ? state << shift : state >>> -shift;
    return (state >>> 0) % below;
  };
}
