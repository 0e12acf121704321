/** The rows that came to one hub, as they are known here: that hub alone writes them. */

import { limits } from "../../limits.ts";
import type { Row, RowChange, Standing } from "./row.ts";

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
    if (this.#recent.length >= 2 * limits.registryRecentChanges) {
      this.#recent = this.#recent.slice(-limits.registryRecentChanges);
    }
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
}
