/** A stream in memory: what is stored of it, what is about to be, and who waits for more. */

import type { StoredStream, StreamDocument } from "./storage.ts";
import type { StreamInfo } from "../stream_store.ts";

/** One stream. */
export class Stream {
  readonly stored: StoredStream;
  /** The stream that it was forked from, whose bytes come first. */
  readonly parent: Stream | undefined;
  /** How many streams were forked from it, those included that are about to be. */
  forks = 0;
  /** What is about to be stored; undefined when nothing is. */
  staged: StreamDocument | undefined;
  /** Producers' states that are about to be stored. */
  stagedProducers: StoredStream["producers"] | undefined;
  /** It is about to be there no more. */
  removing = false;
  /** It is there no more. */
  removed = false;
  readonly #waiting = new Set<() => void>();

  constructor(stored: StoredStream, parent: Stream | undefined) {
    this.stored = stored;
    this.parent = parent;
  }

  get number(): number {
    return this.stored.number;
  }

  /** What everybody sees. */
  get document(): StreamDocument {
    return this.stored.document;
  }

  /** What the next change is made upon. */
  get latest(): StreamDocument {
    return this.staged ?? this.stored.document;
  }

  /** Whether time has run out for it. */
  hasExpired(now: number): boolean {
    const { ttlSeconds, usedAt, expiresAt } = this.document;
    return (ttlSeconds !== undefined && now >= usedAt + ttlSeconds * 1000) ||
      (expiresAt !== undefined && now >= Date.parse(expiresAt));
  }

  /** Resolves at the next change, or when the signal aborts. */
  async changed(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    let wake!: () => void;
    const woken = new Promise<void>((resolve) => wake = resolve);
    this.#waiting.add(wake);
    signal.addEventListener("abort", wake);
    await woken;
    this.#waiting.delete(wake);
    signal.removeEventListener("abort", wake);
  }

  /** Lets all go on that wait for a change. */
  wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

/** What is told of a stream. */
export function infoOf({ number, document }: StoredStream): StreamInfo {
  const { id, contentType, metadata, ttlSeconds, expiresAt, createdAt, appendedAt, start, tail, end } = document;
  return {
    id,
    number,
    contentType,
    metadata,
    ttlSeconds,
    expiresAt,
    createdAt,
    appendedAt,
    start,
    tail,
    end,
    hidden: document.hidden ?? false,
  };
}
