/** The rows that came to one hub, as they are known here: that hub alone writes them. */

import { limits } from "../../limits.ts";
import type { PeerMessage, Row, RowChange, Standing } from "./row.ts";

/** One hub's rows. */
export class Origin {
  /** Its id. */
  readonly hub: string;
  /** When it started. */
  readonly start: number;
  /** This origin alone, for the many ids that no other one has. */
  readonly alone: readonly Origin[] = Object.freeze([this]);
  readonly rows = new Map<string, Row>();
  /** The number of the last change. */
  counter: number;
  /** Its last sign of life. */
  beat: number;
  /** When that came, milliseconds. */
  heardAt: number;
  /** The last changes, so that who missed a few need not be told all. */
  #recent: RowChange[] = [];
  #recentChars = 0;

  constructor({ hub, start, counter, beat }: Standing, now: number) {
    this.hub = hub;
    this.start = start;
    this.counter = counter;
    this.beat = beat;
    this.heardAt = now;
  }

  /** How far it is known. */
  get standing(): Standing {
    const { hub, start, counter, beat } = this;
    return { hub, start, counter, beat };
  }

  /** Makes one more change. */
  change({ id, row }: RowChange): void {
    if (row) this.rows.set(id, row);
    else this.rows.delete(id);
    this.counter++;
    this.#recent.push({ id, row });
    this.#recentChars += charsOf({ id, row });
    const isMuch = this.#recentChars > 2 * limits.registryRecentChars;
    if (isMuch || this.#recent.length >= 2 * limits.registryRecentChanges) this.#forget();
  }

  /** All its rows, looked up when they are asked for: whoever waits for its turn to be told holds no copy. */
  get full(): PeerMessage & { readonly type: "full" } {
    const { hub, start, beat, rows } = this;
    const counter = () => this.counter;
    return {
      type: "full",
      hub,
      start,
      beat,
      get counter() {
        return counter();
      },
      get rows() {
        return [...rows.values()];
      },
    };
  }

  /** The changes after one; undefined when they are not kept any more. */
  since(after: number): readonly RowChange[] | undefined {
    const missing = this.counter - after;
    return missing <= this.#recent.length ? this.#recent.slice(this.#recent.length - missing) : undefined;
  }

  /** A sign of life came; true when it is a new one. */
  hear(beat: number, now: number): boolean {
    if (beat <= this.beat) return false;
    this.beat = beat;
    this.heardAt = now;
    return true;
  }

  /** Keeps half of what may be kept: each time it is too much, so much has come that this costs nothing. */
  #forget(): void {
    let at = this.#recent.length;
    let chars = 0;
    while (at > 0 && this.#recent.length - at < limits.registryRecentChanges) {
      const more = charsOf(this.#recent[at - 1]);
      if (chars + more > limits.registryRecentChars) break;
      chars += more;
      at--;
    }
    this.#recent = this.#recent.slice(at);
    this.#recentChars = chars;
  }
}

/** About how many characters a change has as JSON. */
export function charsOf({ id, row }: RowChange): number {
  return id.length + (row ? row.owner.length + charsIn(row.service) : 0);
}

function charsIn(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 8;
  let chars = 8;
  for (const name in value) chars += name.length + charsIn((value as Readonly<Record<string, unknown>>)[name]);
  return chars;
}
