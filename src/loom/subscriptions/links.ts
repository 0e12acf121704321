/** The streams of one subscription: how far each has been worked through, and which have more. */

import { formatOffset } from "../offset.ts";
import type { StreamInfo } from "../stream_store.ts";

/** Before the first byte, of a stream that nothing was acknowledged of. */
export const BEFORE_FIRST = -1;

/** A stream of a subscription. */
export interface Link {
  readonly path: string;
  /** It was named. */
  explicit: boolean;
  /** The pattern matches it. */
  glob: boolean;
  /** Number of the stream that `acked` speaks of; undefined while there is none of that id. */
  number: number | undefined;
  /** Everything before this position has been worked through; {@linkcode BEFORE_FIRST} when nothing has. */
  acked: number;
  /** Where the stream ends. */
  tail: number;
}

/** A link as it is told to workers. */
export interface LinkDescription {
  readonly path: string;
  readonly link_type: "explicit" | "glob";
  readonly acked_offset: string;
  readonly tail_offset: string;
  readonly has_pending: boolean;
}

/** Tells of a link. */
export function describeLink(link: Link): LinkDescription {
  return {
    path: link.path,
    link_type: link.explicit ? "explicit" : "glob",
    acked_offset: link.acked === BEFORE_FIRST ? String(BEFORE_FIRST) : formatOffset(link.acked),
    tail_offset: formatOffset(link.tail),
    has_pending: hasPending(link),
  };
}

const hasPending = (link: Link) => link.tail > Math.max(link.acked, 0);

/** All links of one subscription. */
export class Links {
  readonly #links = new Map<string, Link>();
  readonly #pending = new Set<Link>();

  /** How many there are. */
  get size(): number {
    return this.#links.size;
  }

  /** Whether any stream has more than was worked through. */
  get hasPending(): boolean {
    return this.#pending.size > 0;
  }

  /** The first stream that has. */
  get firstPending(): string | undefined {
    const [link] = this.#pending;
    return link?.path;
  }

  get(path: string): Link | undefined {
    return this.#links.get(path);
  }

  values(): Iterable<Link> {
    return this.#links.values();
  }

  /** So many links, those with something new first. */
  *first(max: number): Generator<Link> {
    let left = max;
    for (const link of this.#pending) if (left-- > 0) yield link;
    if (left <= 0) return;
    for (const link of this.#links.values()) {
      if (this.#pending.has(link)) continue;
      if (left-- <= 0) return;
      yield link;
    }
  }

  /** Adds a link. */
  add(link: Link): void {
    this.#links.set(link.path, link);
    this.#weigh(link);
  }

  /** Takes a link away. */
  delete(link: Link): void {
    this.#links.delete(link.path);
    this.#pending.delete(link);
  }

  /** Takes over where the stream ends; another stream of the same id has to be worked through from its beginning. */
  note(link: Link, stream: Pick<StreamInfo, "number" | "tail">): void {
    if (link.number !== stream.number) {
      link.number = stream.number;
      link.acked = BEFORE_FIRST;
      link.tail = stream.tail;
    } else if (stream.tail > link.tail) {
      link.tail = stream.tail;
    }
    this.#weigh(link);
  }

  /** Forgets the stream, which is there no more; one that gets its id is another. */
  forget(link: Link): void {
    link.number = undefined;
    link.acked = BEFORE_FIRST;
    link.tail = 0;
    this.#weigh(link);
  }

  /** Everything before a position has been worked through. */
  acknowledge(link: Link, position: number): void {
    link.acked = Math.max(link.acked, position);
    this.#weigh(link);
  }

  #weigh(link: Link): void {
    if (hasPending(link)) this.#pending.add(link);
    else this.#pending.delete(link);
  }
}
