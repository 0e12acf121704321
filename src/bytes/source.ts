/** The pull side of a byte stream, inside: one chunk a call, without the machinery of a `ReadableStream` around each. */

/** One step of a source: bytes, or undefined at the end. */
export type Chunk = Uint8Array<ArrayBuffer> | undefined;

/** Gives bytes when asked. What nobody asks for is not read, which is the back-pressure. */
export interface Source {
  /**
   * The next chunk, never empty; undefined at the end. A promise only when it has to wait; rejects when the stream
   * broke. One call at a time.
   */
  read(): Chunk | Promise<Chunk>;
  /** Ends the stream from the reading side. Safe to call at any time, more than once. */
  cancel(reason?: unknown): void;
}

/** The push side of a byte stream, inside. */
export interface Sink {
  /** Takes one chunk; resolves to true when there is room for the next, to false when nobody reads any more. */
  write(chunk: Uint8Array): Promise<boolean>;
  /** Says that no more will come; what was written still arrives. */
  close(): void;
  /** Gives up what was not taken yet. */
  abort(): void;
}

/** Sources inside streams that we made and nobody has read from yet. */
const untouched = new WeakMap<ReadableStream, Source>();

/** Makes a web stream of a source; each pull is one read, so that at most one chunk waits. */
export function toReadableStream(source: Source): ReadableStream<Uint8Array<ArrayBuffer>> {
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      untouched.delete(stream);
      const chunk = await source.read();
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
    cancel: (reason) => source.cancel(reason),
  }, { highWaterMark: 0 });
  untouched.set(stream, source);
  return stream;
}

/**
 * Makes a source of a web stream, which it locks. A stream of ours that nobody has touched is taken apart again: at
 * hundreds of megabytes a second the machinery around each chunk is what costs.
 */
export function fromReadableStream(stream: ReadableStream<Uint8Array>): Source {
  const reader = stream.getReader();
  const source = untouched.get(stream);
  if (source) return source;
  return {
    async read() {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return undefined;
        if (!((value as unknown) instanceof Uint8Array)) throw notBytes(reader);
        if (value.byteLength > 0) return value as Uint8Array<ArrayBuffer>;
      }
    },
    cancel(reason) {
      reader.cancel(reason).catch(() => {/* it had broken already: its reader was told */});
    },
  };
}

/** What is no `Uint8Array` is no body (Fetch §2.2.4): taken for one, it would be as long as whatever lay there before. */
function notBytes(reader: ReadableStreamDefaultReader<unknown>): TypeError {
  const error = new TypeError(
    "Cannot send a body: its stream gives something else than Uint8Array; encode texts before",
  );
  reader.cancel(error).catch(() => {/* it had broken already */});
  return error;
}

/** Bytes that were read too early, then the rest. */
export function prepend(first: readonly Uint8Array<ArrayBuffer>[], rest: Source): Source {
  const waiting = first.filter((chunk) => chunk.byteLength > 0);
  return {
    read: () => waiting.length > 0 ? waiting.shift() : rest.read(),
    cancel: (reason) => rest.cancel(reason),
  };
}

/** A source whose next chunk was asked for already; undefined when it was not. */
export function resume(asked: ReturnType<Source["read"]>, rest: Source): Source {
  let next = asked;
  return {
    read: () => {
      const step = next ?? rest.read();
      next = undefined;
      return step;
    },
    cancel: (reason) => rest.cancel(reason),
  };
}

/** Joins chunks into one array; a single chunk is given back as it is. */
export function concat(chunks: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  if (chunks.length === 1) return chunks[0];
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}
