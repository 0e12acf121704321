/** Which providers are near. */

/** One that may be chosen. */
export interface Candidate {
  /** What the provider is known by, from one choice to the next. */
  readonly key: string;
  /** It is on the caller's machine. */
  readonly isLocal?: boolean;
  /** Where it stands, in its operator's words. */
  readonly zone?: string;
}

/** Lists of candidates, the nearest first; none of them empty. */
export type Rings = readonly (readonly Candidate[])[];

/** Sorts candidates by nearness; lists that come again are sorted once, since they are long and never change. */
export class Nearness {
  readonly #zone: string | undefined;
  readonly #known = new WeakMap<readonly Candidate[], Rings>();

  /** @param zone where the caller stands */
  constructor(zone: string | undefined) {
    this.#zone = zone;
  }

  /** Those of this machine, of this zone, and all others; without those of which there are none. */
  rings(candidates: readonly Candidate[]): Rings {
    const known = this.#known.get(candidates);
    if (known) return known;
    const rings: Candidate[][] = [[], [], []];
    for (const candidate of candidates) rings[this.#ring(candidate)].push(candidate);
    const found = rings.filter(({ length }) => length > 0);
    this.#known.set(candidates, found);
    return found;
  }

  #ring({ isLocal, zone }: Candidate): number {
    if (isLocal) return 0;
    return zone !== undefined && zone === this.#zone ? 1 : 2;
  }
}
