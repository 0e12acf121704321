/** What streams are kept on: the interface to disk, memory or another engine, and how changes apply. */

import type { StreamEnd } from "../stream_store.ts";

/** A stream as it is stored; plain JSON. */
export interface StreamDocument {
  readonly id: string;
  readonly contentType: string;
  readonly metadata?: unknown;
  readonly ttlSeconds?: number;
  readonly expiresAt?: string;
  readonly createdAt: number;
  /** The stream whose bytes come before `base`. */
  readonly parent?: number;
  /** Where its own bytes begin: 0, or where it was forked. */
  readonly base: number;
  /** How its fork was asked for, to tell whether a second wish is the same. */
  readonly fork?: { readonly from: string; readonly at?: number; readonly beyond?: number };
  /** It ends with the process that made it. */
  readonly upload?: boolean;
  readonly start: number;
  readonly tail: number;
  readonly appendedAt: number;
  /** When it was last read or appended to. */
  readonly usedAt: number;
  readonly end?: StreamEnd;
  /** The last `Stream-Seq`. */
  readonly sequence?: string;
  readonly hidden?: boolean;
  /** Another stream has its id; it is kept for its forks only. */
  readonly replaced?: boolean;
}

/** What is remembered of a producer. */
export interface ProducerState {
  readonly epoch: number;
  readonly sequence: number;
  readonly at: number;
}

/** A stream that is stored. Only `applyChange` changes it. */
export interface StoredStream {
  readonly number: number;
  readonly document: StreamDocument;
  readonly producers: Map<string, ProducerState>;
}

/** What becomes of one stream; all parts together or none. */
export interface Change {
  readonly stored: StoredStream;
  /** It is new: its document is what it begins with. */
  readonly created?: boolean;
  /** It is removed, with all its bytes. */
  readonly removed?: boolean;
  /** Members of its document that change. */
  readonly set?: Partial<StreamDocument>;
  /** What is remembered of a producer from now on. */
  readonly producer?: readonly [id: string, state: ProducerState];
  /** Bytes behind its tail; `set.tail` counts them. */
  readonly bytes?: Uint8Array;
}

/** Keeps streams. */
export interface Storage {
  /** All that is stored. To be called once, before anything else. */
  load(): AsyncIterable<StoredStream>;
  /** A number that no stream has had; after `load`. */
  nextNumber(): number;
  /**
   * Stores changes in their order, and applies them with `applyChange` once they can't be lost. One call at a time.
   *
   * @throws {StreamError} `full`, `storage`: none of them is applied
   */
  commit(changes: readonly Change[]): Promise<void>;
  /**
   * Bytes of a stream's own.
   *
   * @param from not before `start` and `base`
   * @param to not beyond `tail`, and beyond `from`
   * @throws {StreamError} `corrupt`, `storage`
   */
  read(stored: StoredStream, from: number, to: number): Promise<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer>;
  /** A position of the stream's own bytes with nothing behind it that was appended before; see `StreamStore`. */
  positionAt(stored: StoredStream, timeMs: number): Promise<number>;
  /** Remembers when a stream was used; it may be lost in a crash. */
  touch(stored: StoredStream, timeMs: number): void;
  /** Closes it; nothing is under way. */
  close(): Promise<void>;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Applies a change.
 *
 * @param producersMax how many producers a stream remembers
 * @returns the producer that is forgotten for it
 */
export function applyChange({ stored, set, producer }: Change, producersMax: number): string | undefined {
  if (set) Object.assign(stored.document, set);
  if (!producer) return undefined;
  stored.producers.delete(producer[0]); // the order is that of their last appends
  stored.producers.set(...producer);
  if (stored.producers.size <= producersMax) return undefined;
  const [oldest] = stored.producers.keys();
  stored.producers.delete(oldest);
  return oldest;
}

/** Remembers in the document when a stream was used. */
export function applyTouch(stored: StoredStream, timeMs: number): void {
  (stored.document as Writable<StreamDocument>).usedAt = timeMs;
}
