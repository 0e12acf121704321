/**
 * Reads a stream on a server, and what is added to it. It asks for what follows its last offset (Durable Streams 1.0
 * §5.5, §5.6); a connection that breaks in the middle of an answer costs nothing: the same bytes stand behind an offset
 * for ever, so that it asks again and leaves out what it had.
 */

import { limits } from "../../limits.ts";
import { pause } from "../../net/backoff.ts";
import { isJson } from "../store/json_messages.ts";
import { Interruption, StreamClientError } from "./client_error.ts";
import { Exchange } from "./exchange.ts";
import { ArrayLines } from "./json_framing.ts";
import { Persistence, type RetryOptions } from "./retry.ts";
import { type StreamTarget, streamUrl, tokenHeaders } from "./target.ts";

/** Options of {@linkcode followStream}. */
export interface FollowOptions extends StreamTarget, RetryOptions {
  /** Where to begin: an offset that the server gave, `-1` for the beginning, `now` for the end. Default: `-1`. */
  readonly from?: string;
  /** Wait for what is added, until the stream ends. Default: true. */
  readonly follow?: boolean;
  /** Told where the reader is when all before that was taken: given as `from`, it goes on there another time. */
  readonly onOffset?: (offset: string) => void;
}

/** Where a reader is. */
interface Place {
  /** The last one that the server gave. */
  offset: string;
  /** How much of what stands behind it was read, bytes. */
  read: number;
  /** Everything that was there has been read: the next request waits for more. */
  live: boolean;
  /** Sent back in live requests, so that caches can answer many readers with one answer. */
  cursor: string | null;
  /** When the stream was made, if the server tells. */
  created: string | null;
}

/** Places that are no offsets; offsets sort as the positions they stand for. */
const SENTINELS = new Set(["-1", "now"]);
/** An answer with nothing in it that comes so soon is suspicious, and the next request waits so long, milliseconds. */
const EMPTY_MS = 200;

/**
 * Reads a stream on a server to its end, live; of a stream of JSON a line for each value.
 *
 * @returns pieces as they come, cut anywhere; leaving the loop ends the reading
 * @throws {StreamClientError} `aborted` behind the last byte, when its producer went away in the middle; and others
 * @throws {TypeError} when the server's URL or the token is none
 * @throws {StreamError} `invalid`, when the id is none
 *
 * @example Read what is there, and go on there later
 * ```ts
 * import { followStream, openMemoryLoom, serveHttp } from "@sluice/sluice";
 *
 * await using loom = await openMemoryLoom();
 * await loom.create("greetings", { contentType: "text/plain", bytes: new TextEncoder().encode("hello\n") });
 * await using server = await serveHttp(loom.fetch);
 *
 * let from = "-1";
 * const onOffset = (offset: string) => from = offset;
 * const url = `http://127.0.0.1:${server.port}`;
 * for await (const bytes of followStream({ url, id: "greetings", from, follow: false, onOffset })) {
 *   console.log(new TextDecoder().decode(bytes)); // hello
 * }
 * ```
 */
export async function* followStream(options: FollowOptions): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const url = streamUrl(options);
  const headers = tokenHeaders(options.token);
  const persistence = new Persistence(options);
  const place: Place = { offset: options.from ?? "-1", read: 0, live: false, cursor: null, created: null };
  for (;;) {
    const silenceMs = place.live ? limits.clientLiveMs : limits.clientAnswerMs;
    try {
      using exchange = new Exchange({ signal: options.signal, silenceMs });
      const askedAt = performance.now();
      const answer = await exchange.ask(requestUrl(url, place), { method: "GET", headers });
      checkSame(place, answer.headers);
      let fresh = 0;
      for await (const chunk of unread(content(exchange, answer), place)) {
        fresh += chunk.byteLength;
        persistence.moved();
        yield chunk;
      }
      const stands = fresh === 0 && place.offset === answer.headers.get("stream-next-offset");
      const waited = place.live;
      advance(place, answer.headers);
      options.onOffset?.(place.offset);
      persistence.moved();
      if (hasEnded(answer.headers)) return;
      if (place.live && options.follow === false) return;
      if (stands && (waited || !place.live)) await pauseIfHasty(askedAt, options.signal);
    } catch (error) {
      if (!(error instanceof Interruption)) throw error;
      await persistence.interrupted(error);
    }
  }
}

function requestUrl(stream: URL, { offset, live, cursor }: Place): URL {
  const url = new URL(stream);
  url.searchParams.set("offset", offset);
  if (live) url.searchParams.set("live", "long-poll");
  if (live && cursor !== null) url.searchParams.set("cursor", cursor);
  return url;
}

/** The bytes of an answer as they were written. */
async function* content(exchange: Exchange, answer: Response): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const body = exchange.body(answer);
  if (!isJson(answer.headers.get("content-type") ?? "")) return yield* body;
  const lines = new ArrayLines();
  for await (const chunk of body) yield lines.next(chunk);
  lines.end();
}

/** Leaves out what was read before the connection broke. */
async function* unread(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
  place: Place,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  let skip = place.read;
  for await (const chunk of chunks) {
    const rest = chunk.subarray(Math.min(skip, chunk.byteLength));
    skip -= chunk.byteLength - rest.byteLength;
    place.read += rest.byteLength;
    if (rest.byteLength > 0) yield rest;
  }
  if (skip > 0) {
    throw new StreamClientError("lost", "The server has lost what it had given: the stream is shorter than it was");
  }
}

/** A stream that took the id of the one that was read, or that lost its end, must not be taken for what follows. */
function checkSame(place: Place, headers: Headers): void {
  const created = headers.get("x-stream-created");
  const shorter = !SENTINELS.has(place.offset) && headers.get("stream-next-offset")! < place.offset;
  if (shorter || (place.created !== null && created !== null && created !== place.created)) {
    throw new StreamClientError(
      "lost",
      "The stream is not the one that was read so far: it was replaced, or has lost its end",
    );
  }
  place.created ??= created;
}

/** An answer was read whole. */
function advance(place: Place, headers: Headers): void {
  place.offset = headers.get("stream-next-offset")!; // or it would have been refused
  place.read = 0;
  place.live = headers.get("stream-up-to-date") === "true";
  place.cursor = headers.get("stream-cursor");
}

/** True when nothing can follow. */
function hasEnded(headers: Headers): boolean {
  if (headers.get("stream-closed") !== "true") return false;
  if (headers.get("x-stream-end") !== "aborted") return true;
  throw new StreamClientError("aborted", "The stream's producer went away: what was read is all there is");
}

/** A server that gives nothing at once, instead of waiting for something, is not asked a thousand times a second. */
async function pauseIfHasty(askedAt: number, signal?: AbortSignal): Promise<void> {
  if (performance.now() - askedAt < EMPTY_MS) await pause(EMPTY_MS, signal);
}
