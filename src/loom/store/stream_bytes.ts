/** The bytes of a stream, through the streams that it was forked from, and in whole messages where it has messages. */

import { concat } from "../../bytes/source.ts";
import { isJson, skipMessages, wholeMessages } from "./json_messages.ts";
import type { Storage } from "./storage.ts";
import type { Stream } from "./stream.ts";
import { StreamError } from "../stream_error.ts";
import type { Piece } from "../stream_store.ts";

const NEWLINE = 10;
/** What is looked through at a time. */
const PIECE_BYTES = 256 * 1024;
const EMPTY = new Uint8Array(0);

/** Reads streams. */
export class StreamBytes {
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** See `StreamStore.read`. */
  async piece(stream: Stream, from: number, max: number): Promise<Piece> {
    const { tail, end, contentType } = stream.document;
    if (from >= tail) return { bytes: EMPTY, from, next: tail, upToDate: true, end };
    const to = Math.min(tail, from + max);
    const bytes = isJson(contentType)
      ? await this.#messages(stream, from, to, tail)
      : await this.range(stream, from, to);
    const next = from + bytes.byteLength;
    const upToDate = next >= stream.document.tail;
    return { bytes, from, next, upToDate, end: upToDate ? stream.document.end : undefined };
  }

  /** Bytes from one position to another, all of which are stored. */
  async range(stream: Stream, from: number, to: number): Promise<Uint8Array<ArrayBuffer>> {
    const { base } = stream.document;
    if (from >= to) return EMPTY;
    // Of what it was forked from everything is kept, as long as there are forks.
    if (to <= base) return await this.range(stream.parent!, from, to);
    if (from < base) return concat([await this.range(stream.parent!, from, base), await this.range(stream, base, to)]);
    return await this.#storage.read(stream.stored, from, to);
  }

  /** Where the message behind so many others begins; -1 when there are not so many. */
  async skip(stream: Stream, from: number, count: number): Promise<number> {
    for (let at = from, left = count;;) {
      if (left === 0) return at;
      const { bytes, next } = await this.piece(stream, at, PIECE_BYTES);
      if (bytes.byteLength === 0) return -1;
      const skipped = skipMessages(bytes, left);
      if (skipped !== -1) return at + skipped;
      left -= bytes.reduce((sum, byte) => sum + Number(byte === NEWLINE), 0);
      at = next;
    }
  }

  /** The first position from the given one at which a message begins. */
  async boundary(stream: Stream, from: number): Promise<number> {
    const { tail, contentType, start } = stream.document;
    if (!isJson(contentType) || from <= start) return from;
    for (let at = from - 1; at < tail;) {
      const bytes = await this.range(stream, at, Math.min(tail, at + PIECE_BYTES));
      const newline = bytes.indexOf(NEWLINE);
      if (newline !== -1) return at + newline + 1;
      at += bytes.byteLength;
    }
    return tail;
  }

  /** See `StreamStore.positionAt`. */
  async positionAt(stream: Stream, timeMs: number): Promise<number> {
    const { base, start, tail, createdAt, appendedAt } = stream.document;
    if (timeMs > appendedAt) return tail;
    if (timeMs < createdAt && stream.parent) {
      return Math.max(start, Math.min(base, await this.positionAt(stream.parent, timeMs)));
    }
    const position = tail > base ? await this.#storage.positionAt(stream.stored, timeMs) : base;
    return await this.boundary(stream, Math.max(start, position));
  }

  /** Whole messages up to a position; only the first when that is longer. */
  async #messages(
    stream: Stream,
    from: number,
    to: number,
    tail: number,
    isLonger = false,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const lead = from > stream.document.start ? 1 : 0;
    const bytes = await this.range(stream, from - lead, to);
    if (lead && bytes[0] !== NEWLINE) throw new StreamError("invalid", "No message begins at this offset");
    const messages = bytes.subarray(lead);
    const whole = isLonger ? skipMessages(messages, 1) : wholeMessages(messages);
    if (whole > 0) return messages.subarray(0, whole);
    if (to === tail) throw new StreamError("corrupt", "The last message of the stream has no end");
    return await this.#messages(stream, from, Math.min(tail, from + 4 * (to - from)), tail, true);
  }
}
