/**
 * Patterns of stream ids: `*` stands for one segment, `**` for any number of them, none included. All patterns lie in one
 * tree and are matched together, in a walk over the id's segments that remembers every place it may be at: what a
 * pattern costs grows with its length and the id's, never faster.
 */

import { limits } from "../../limits.ts";

/** One place in the tree: what has been matched up to here, and how it may go on. */
interface Place<T> {
  readonly literals: Map<string, Place<T>>;
  /** Behind `*`. */
  one?: Place<T>;
  /** Behind `**`. */
  any?: Place<T>;
  /** This place is behind `**`, and takes whatever comes. */
  readonly stays: boolean;
  /** Whose patterns end here. */
  readonly values: Set<T>;
  /** The step of the walk that came here last. */
  step: number;
}

const newPlace = <T>(stays: boolean): Place<T> => ({ literals: new Map(), stays, values: new Set(), step: 0 });

/**
 * Takes a pattern apart.
 *
 * @param pattern such as `builds/*` or `users/**`; `%2A` in a segment means the character `*`
 * @returns its segments
 * @throws {SyntaxError} when it is empty, has too many segments, or a `*` beside other characters
 */
export function parsePattern(pattern: string): string[] {
  const segments = pattern.replace(/^\/+|\/+$/g, "").split("/").filter((s, i, all) =>
    s !== "**" || all[i - 1] !== "**"
  );
  if (segments.join("") === "") throw new SyntaxError("A pattern can't be empty");
  if (segments.length > limits.patternSegments) {
    throw new SyntaxError(`A pattern has at most ${limits.patternSegments} segments`);
  }
  if (segments.some((segment) => segment.includes("*") && !/^\*\*?$/.test(segment))) {
    throw new SyntaxError(
      "In a pattern, * stands for a whole segment and ** for any number of them; write %2A for a *",
    );
  }
  return segments;
}

/** The start that all ids have which a pattern matches; ids can be listed by it. */
export function literalPrefix(segments: readonly string[]): string {
  const wild = segments.findIndex((segment) => segment === "*" || segment === "**");
  if (wild === -1) return segments.map(literal).join("/");
  const start = segments.slice(0, wild).map(literal).join("/");
  // Behind `a/**` the id `a` itself is meant too, so that the slash is not a part of what they share.
  return start === "" || segments[wild] === "**" ? start : start + "/";
}

const literal = (segment: string) => segment.replace(/%2a/gi, "*");

/** Finds, for the id of a stream, everything that has a pattern matching it. */
export class PatternIndex<T> {
  readonly #root = newPlace<T>(false);
  #step = 0;

  /** Adds a value under a parsed pattern. */
  add(segments: readonly string[], value: T): void {
    let place = this.#root;
    for (const segment of segments) place = next(place, segment) ?? grow(place, segment);
    place.values.add(value);
  }

  /** Takes a value away, and the places that only it needed. */
  delete(segments: readonly string[], value: T): void {
    const way = [this.#root];
    for (const segment of segments) {
      const place = next(way[way.length - 1], segment);
      if (!place) return;
      way.push(place);
    }
    way[way.length - 1].values.delete(value);
    for (let i = segments.length; i > 0 && isBare(way[i]); i--) cut(way[i - 1], segments[i - 1]);
  }

  /** Everything whose pattern matches the id. */
  match(id: string): Set<T> {
    let places = this.#enter([this.#root]);
    for (const segment of id.split("/")) {
      const reached: Place<T>[] = [];
      for (const place of places) {
        if (place.stays) reached.push(place);
        if (place.one) reached.push(place.one);
        const found = place.literals.get(segment);
        if (found) reached.push(found);
      }
      if (reached.length === 0) return new Set();
      places = this.#enter(reached);
    }
    const values = new Set<T>();
    for (const place of places) place.values.forEach((value) => values.add(value));
    return values;
  }

  /** These places, each once, and those behind a `**` that matches nothing. */
  #enter(reached: Place<T>[]): Place<T>[] {
    const step = ++this.#step;
    const places: Place<T>[] = [];
    for (const place of reached) {
      if (place.step === step) continue;
      place.step = step;
      places.push(place);
      if (place.any) reached.push(place.any); // it is walked too
    }
    return places;
  }
}

function next<T>(place: Place<T>, segment: string): Place<T> | undefined {
  if (segment === "**") return place.any;
  return segment === "*" ? place.one : place.literals.get(literal(segment));
}

function grow<T>(place: Place<T>, segment: string): Place<T> {
  const added = newPlace<T>(segment === "**");
  if (segment === "**") place.any = added;
  else if (segment === "*") place.one = added;
  else place.literals.set(literal(segment), added);
  return added;
}

function cut<T>(place: Place<T>, segment: string): void {
  if (segment === "**") place.any = undefined;
  else if (segment === "*") place.one = undefined;
  else place.literals.delete(literal(segment));
}

function isBare<T>(place: Place<T>): boolean {
  return place.values.size === 0 && place.literals.size === 0 && !place.one && !place.any;
}
