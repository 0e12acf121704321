/** Lines and columns of what a file holds. */

import type { Path } from "../fault.ts";

/** A place in a text, both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Where the lines of a text begin. */
export class Lines {
  readonly #starts: readonly number[];

  /** Looks for them. */
  constructor(text: string) {
    const starts = [0];
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
    this.#starts = starts;
  }

  /** The place of a character. */
  at(offset: number): Position {
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle] <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - this.#starts[low] + 1 };
  }
}

/** Places of keys and items. */
export class Positions {
  readonly #lines: Lines;
  /** Offsets, by path. */
  readonly #offsets = new Map<string, number>();

  /** Makes an empty set for a text. */
  constructor(text: string) {
    this.#lines = new Lines(text);
  }

  /** Notes where a path begins; false when that is known already, and stays so. */
  add(path: Path, offset: number): boolean {
    const id = idOf(path);
    if (this.#offsets.has(id)) return false;
    this.#offsets.set(id, offset);
    return true;
  }

  /** The place of a path, else that of the nearest around it. */
  of(path: Path): Position {
    for (let length = path.length; length > 0; length--) {
      const offset = this.#offsets.get(idOf(path.slice(0, length)));
      if (offset !== undefined) return this.#lines.at(offset);
    }
    return { line: 1, column: 1 };
  }

  /** The place of a character. */
  at(offset: number): Position {
    return this.#lines.at(offset);
  }
}

/** A path as one text; items are told from members that are named by a number. */
function idOf(path: Path): string {
  return path.map((step) => typeof step === "number" ? `#${step}` : `.${step}`).join("\0");
}
