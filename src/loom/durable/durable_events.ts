/**
 * Pieces of streams as server-sent events. Followers of a stream are nearly all at the same place, so that the last event
 * of a stream is read and encoded once and shared by all of them.
 */

import { concat } from "../../bytes/source.ts";
import { limits } from "../../limits.ts";
import { formatOffset } from "../offset.ts";
import { base64Event, controlEvent, isText, textEvent, wholeText } from "./sse.ts";
import { isJson } from "../store/json_messages.ts";
import { toJsonArray } from "./durable_json.ts";
import type { Piece, StreamEnd, StreamInfo, StreamStore } from "../stream_store.ts";

/** A piece as an event, and what is told behind it. */
export class PieceEvent {
  /** Where the next one begins. */
  readonly next: number;
  /** Nothing more was there. */
  readonly upToDate: boolean;
  /** How the stream has ended, if it ends here. */
  readonly end?: StreamEnd;
  /** Undefined when there was nothing to send. */
  readonly #data: Uint8Array<ArrayBuffer> | undefined;
  #told: { cursor: number; bytes: Uint8Array<ArrayBuffer> } | undefined;

  constructor(contentType: string, piece: Piece) {
    const bytes = piece.bytes.subarray(0, sendable(contentType, piece));
    this.next = piece.next - (piece.bytes.byteLength - bytes.byteLength);
    this.upToDate = piece.upToDate;
    this.end = piece.end;
    if (bytes.byteLength === 0) return;
    const id = formatOffset(this.next);
    if (!isText(contentType)) this.#data = base64Event(bytes, id);
    else this.#data = textEvent(isJson(contentType) ? toJsonArray(bytes) : bytes, id);
  }

  /** What it takes of memory, bytes. */
  get byteLength(): number {
    return (this.#data?.byteLength ?? 0) + (this.#told?.bytes.byteLength ?? 0);
  }

  /** The event, and the one behind it that says where the stream goes on; together, so that no reader gets one alone. */
  withCursor(cursor: number): Uint8Array<ArrayBuffer> {
    if (this.#told?.cursor === cursor) return this.#told.bytes;
    const { upToDate, end } = this;
    const control = controlEvent({ offset: formatOffset(this.next), cursor, upToDate, end });
    const bytes = this.#data ? concat([this.#data, control]) : control;
    this.#told = { cursor, bytes };
    return bytes;
  }
}

/** How many bytes of a piece can be sent. */
function sendable(contentType: string, { bytes, upToDate, end }: Piece): number {
  if (end || !isText(contentType) || isJson(contentType)) return bytes.byteLength;
  const whole = wholeText(bytes);
  // A piece of one broken character, with more behind it, would be tried for ever.
  return whole === 0 && !upToDate ? bytes.byteLength : whole;
}

interface Remembered {
  readonly from: number;
  readonly tail: number;
  readonly end?: StreamEnd;
  readonly event: Promise<PieceEvent>;
}

/** The last event of each stream. */
export class SharedEvents {
  readonly #store: StreamStore;
  readonly #pieceBytes: number;
  readonly #last = new Map<number, Remembered>();

  constructor(store: StreamStore, pieceBytes: number) {
    this.#store = store;
    this.#pieceBytes = pieceBytes;
  }

  /**
   * The event for a follower.
   *
   * @param info the stream as it is now
   * @param from where the follower is
   * @throws {StreamError} as `StreamStore.read` does
   */
  async at(info: StreamInfo, from: number): Promise<PieceEvent> {
    const last = this.#last.get(info.number);
    if (last && last.from === from && last.tail === info.tail && last.end === info.end) return await last.event;
    const event = this.#read(info, from);
    this.#remember(info.number, { from, tail: info.tail, end: info.end, event });
    try {
      const { byteLength } = await event;
      // A message of a JSON stream can be of any length: a large one is not kept for each of many streams.
      if (byteLength > 4 * this.#pieceBytes) this.#forget(info.number, event);
    } catch (error) {
      this.#forget(info.number, event);
      throw error;
    }
    return await event;
  }

  async #read(info: StreamInfo, from: number): Promise<PieceEvent> {
    return new PieceEvent(info.contentType, await this.#store.read(info.id, from, this.#pieceBytes));
  }

  #remember(number: number, remembered: Remembered): void {
    this.#last.delete(number); // the order is that of their last use
    this.#last.set(number, remembered);
    if (this.#last.size > limits.sharedEvents) this.#last.delete(this.#last.keys().next().value!);
  }

  #forget(number: number, event: Promise<PieceEvent>): void {
    if (this.#last.get(number)?.event === event) this.#last.delete(number);
  }
}
