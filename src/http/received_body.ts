/** The body of a request that our server received, and what may stand between it and its reader. */

import { type Chunk, concat, type Source } from "../bytes/source.ts";

/** A body that knows whether it is still whole. */
export interface ReceivedBody extends Source {
  /** Somebody has read from it, or given it up. */
  readonly touched: boolean;
  /** All of it, in memory of its own. */
  whole(): Promise<Uint8Array<ArrayBuffer>>;
}

/** A body with something between it and its reader. */
export class WrappedBody implements ReceivedBody {
  readonly #inner: ReceivedBody;
  readonly #outer: Source;

  constructor(inner: ReceivedBody, wrap: (source: Source) => Source) {
    this.#inner = inner;
    this.#outer = wrap(inner);
  }

  get touched(): boolean {
    return this.#inner.touched;
  }

  read(): Chunk | Promise<Chunk> {
    return this.#outer.read();
  }

  whole(): Promise<Uint8Array<ArrayBuffer>> {
    return wholeOf(this.#outer);
  }

  cancel(reason?: unknown): void {
    this.#outer.cancel(reason);
  }
}

/** A body that somebody has read already. */
export class KnownBody implements ReceivedBody {
  #left: Chunk;
  touched = false;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#left = bytes.byteLength > 0 ? bytes : undefined;
  }

  read(): Chunk {
    this.touched = true;
    const chunk = this.#left;
    this.#left = undefined;
    return chunk;
  }

  whole(): Promise<Uint8Array<ArrayBuffer>> {
    return wholeOf(this);
  }

  cancel(): void {
    this.touched = true;
    this.#left = undefined;
  }
}

/** All that a source gives, in memory of its own. */
export async function wholeOf(source: Source): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (;;) {
    const step = source.read();
    const chunk = step instanceof Promise ? await step : step;
    if (!chunk) break;
    chunks.push(chunk);
  }
  const whole = concat(chunks);
  // A view of what was received would keep all of that, other requests too.
  return whole.byteLength === whole.buffer.byteLength ? whole : whole.slice();
}
