/** A stream of JSON messages as one JSON text: an array of them, that is whole when the stream has ended. */

import type { Chunk, Source } from "../../bytes/source.ts";

const NEWLINE = 10;
const [COMMA, OPEN, CLOSE] = new TextEncoder().encode(",[]");

/** Length of the array, bytes. */
export function arrayLength(messagesBytes: number): number {
  return messagesBytes === 0 ? 2 : messagesBytes + 1;
}

/**
 * Makes an array of messages. Each has a newline behind it and none within, so that separators take their places.
 *
 * @param messages whole ones in each chunk
 */
export function toArray(messages: Source): Source {
  let separator = OPEN;
  let ended = false;
  return {
    async read(): Promise<Chunk> {
      if (ended) return undefined;
      const chunk = await messages.read();
      if (chunk) {
        const part = join(chunk, separator);
        separator = COMMA;
        return part;
      }
      ended = true;
      return separator === OPEN ? Uint8Array.of(OPEN, CLOSE) : Uint8Array.of(CLOSE);
    },
    cancel: (reason) => messages.cancel(reason),
  };
}

function join(chunk: Uint8Array, separator: number): Uint8Array<ArrayBuffer> {
  const part = new Uint8Array(chunk.byteLength);
  part[0] = separator;
  part.set(chunk.subarray(0, -1), 1);
  for (let at = part.indexOf(NEWLINE); at !== -1; at = part.indexOf(NEWLINE, at + 1)) part[at] = COMMA;
  return part;
}
