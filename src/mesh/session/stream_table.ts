/** The streams of a session, by their numbers: each side counts up its own, odd ones where it began the session. */

import { meshLimits } from "../limits.ts";
import type { MeshStream } from "./mesh_stream.ts";

/** The last number that is given away; another session is begun then. */
const ID_MAX = 2 ** 31;

/** Streams that are not over, and which numbers were used. */
export class StreamTable {
  readonly #oddIsOurs: boolean;
  readonly #streams = new Map<number, MeshStream>();
  #lastOurs: number;
  #lastTheirs: number;
  #theirs = 0;

  constructor(isInitiator: boolean) {
    this.#oddIsOurs = isInitiator;
    this.#lastOurs = isInitiator ? -1 : 0;
    this.#lastTheirs = isInitiator ? 0 : -1;
  }

  /** Streams that are not over. */
  get size(): number {
    return this.#streams.size;
  }

  /** As many of ours are under way as the other side takes. */
  get isFull(): boolean {
    return this.#streams.size - this.#theirs >= meshLimits.streams;
  }

  /** As many of theirs are under way as we take. */
  get isFullOfTheirs(): boolean {
    return this.#theirs >= meshLimits.streams;
  }

  /** There are no numbers left for us. */
  get isUsedUp(): boolean {
    return this.#lastOurs > ID_MAX;
  }

  /** We have begun it, or may. */
  isOurs(id: number): boolean {
    return (id & 1) === (this.#oddIsOurs ? 1 : 0);
  }

  /** A new number of ours. */
  next(): number {
    return this.#lastOurs += 2;
  }

  /** The other side uses a number. @returns false when it may not */
  use(id: number): boolean {
    if (this.isOurs(id) || id <= this.#lastTheirs) return false;
    this.#lastTheirs = id;
    return true;
  }

  add(stream: MeshStream): void {
    this.#streams.set(stream.id, stream);
    if (!this.isOurs(stream.id)) this.#theirs++;
  }

  get(id: number): MeshStream | undefined {
    return this.#streams.get(id);
  }

  /** There was a stream with the number, or is. */
  isKnown(id: number): boolean {
    return id > 0 && id <= (this.isOurs(id) ? this.#lastOurs : this.#lastTheirs);
  }

  /** Forgets one that is over. */
  remove({ id }: MeshStream): void {
    if (this.#streams.delete(id) && !this.isOurs(id)) this.#theirs--;
  }

  /** All of them, whatever becomes of them meanwhile. */
  all(): MeshStream[] {
    return [...this.#streams.values()];
  }
}
