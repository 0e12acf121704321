/** Byte ranges of streams that have ended (RFC 9110 §14): for players and download managers, which know no offsets. */

import { contentGuard } from "../content_guard.ts";
import { type Chunk, type Source, toReadableStream } from "../../bytes/source.ts";
import { problem } from "../../http/problem.ts";
import { streamTag } from "./durable_condition.ts";
import { keeping } from "./durable_piece.ts";
import { reportFailure } from "./durable_report.ts";
import type { DurableSettings } from "./durable_settings.ts";
import { findStream } from "./durable_stream.ts";
import { isJson } from "../store/json_messages.ts";
import { formatOffset } from "../offset.ts";
import type { Fields } from "./stream_answers.ts";
import { StreamError } from "../stream_error.ts";
import type { StreamInfo } from "../stream_store.ts";

/** A part of a stream: bytes from one position to before another. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Reads a `Range`.
 *
 * @returns undefined for one that is to be ignored: of another unit, malformed, or several ranges
 */
export function parseRange(field: string, size: number): ByteRange | "unsatisfiable" | undefined {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(field.trim()) ?? [];
  if (first === undefined || (first === "" && last === "")) return undefined;
  if (first === "") {
    return last === "0" || size === 0 ? "unsatisfiable" : { from: Math.max(0, size - Number(last)), to: size };
  }
  if (last !== "" && Number(last) < Number(first)) return undefined;
  if (Number(first) >= size) return "unsatisfiable";
  return { from: Number(first), to: last === "" ? size : Math.min(size, Number(last) + 1) };
}

/** Answers a GET with a `Range`; undefined when it is to be answered as if it had none. */
export async function readRange(
  settings: DurableSettings,
  request: Headers,
  info: StreamInfo,
): Promise<Response | undefined> {
  // The array that is made of messages has no bytes of its own, and a stream that was trimmed not all of them.
  if (!info.end || info.start > 0 || isJson(info.contentType)) return undefined;
  const etag = streamTag(info);
  if ((request.get("if-range") ?? etag) !== etag) return undefined;
  const range = parseRange(request.get("range")!, info.tail);
  if (range === undefined) return undefined;
  if (range === "unsatisfiable") {
    const headers = { ...settings.headers, "content-range": `bytes */${info.tail}` };
    return problem(416, `The stream has ${info.tail} bytes`, { headers });
  }
  const { from, to } = range;
  const headers: Fields = {
    ...settings.headers,
    ...contentGuard(info.contentType),
    "content-type": info.contentType,
    "content-range": `bytes ${from}-${to - 1}/${info.tail}`,
    "content-length": String(to - from),
    "stream-next-offset": formatOffset(to),
    "accept-ranges": "bytes",
    "cache-control": keeping(settings, info),
    etag,
  };
  if (to - from > settings.catchUpBytes) {
    return new Response(toReadableStream(new RangeSource(settings, info, range)), { status: 206, headers });
  }
  const { bytes } = await settings.store.read(info.id, from, to - from);
  return new Response(bytes, { status: 206, headers });
}

/** Reads a range piece by piece. */
class RangeSource implements Source {
  readonly #settings: DurableSettings;
  readonly #info: StreamInfo;
  readonly #to: number;
  #at: number;

  constructor(settings: DurableSettings, info: StreamInfo, { from, to }: ByteRange) {
    this.#settings = settings;
    this.#info = info;
    this.#at = from;
    this.#to = to;
  }

  async read(): Promise<Chunk> {
    try {
      return this.#at === this.#to ? undefined : await this.#next();
    } catch (error) {
      reportFailure(this.#settings, error);
      throw error;
    }
  }

  cancel(): void {
    this.#at = this.#to;
  }

  async #next(): Promise<Uint8Array<ArrayBuffer>> {
    const { store, catchUpBytes } = this.#settings;
    const { id, number } = this.#info;
    if (findStream(store, id).number !== number) throw new StreamError("not-found", "The stream was replaced");
    const { bytes, next } = await store.read(id, this.#at, Math.min(catchUpBytes, this.#to - this.#at));
    this.#at = next;
    return bytes;
  }
}
