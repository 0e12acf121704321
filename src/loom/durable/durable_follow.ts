/** Server-sent events: a stream as it grows, over one connection (Durable Streams 1.0 §5.7). */

import { type Chunk, prepend, type Source, toReadableStream } from "../../bytes/source.ts";
import { intervalAt, nextCursor } from "./cursor.ts";
import type { PieceEvent } from "./durable_events.ts";
import { Patience } from "./durable_patience.ts";
import type { LiveRead } from "./durable_poll.ts";
import { reportFailure } from "./durable_report.ts";
import type { DurableSettings } from "./durable_settings.ts";
import { findStream } from "./durable_stream.ts";
import { formatOffset } from "../offset.ts";
import { isText } from "./sse.ts";
import type { Fields } from "./stream_answers.ts";
import { StreamError } from "../stream_error.ts";
import type { StreamInfo } from "../stream_store.ts";

/** Answers a reader that takes events. */
export async function followEvents(settings: DurableSettings, request: Request, live: LiveRead): Promise<Response> {
  const { info, from } = live;
  // A browser connects again and again, unless it is told that there is nothing to come.
  if (info.end && from === info.tail && request.headers.has("last-event-id")) return noMore(settings, info);
  const follower = new Follower(settings, request.signal, live);
  const first = await follower.first(); // before the head goes out, so that a refusal has its status
  const headers: Fields = {
    ...settings.headers,
    "content-type": "text/event-stream",
    "cache-control": "no-cache",
    "x-accel-buffering": "no", // nginx would collect events otherwise
  };
  if (!isText(info.contentType)) headers["stream-sse-data-encoding"] = "base64";
  return new Response(toReadableStream(prepend([first], follower)), { headers });
}

function noMore(settings: DurableSettings, info: StreamInfo): Response {
  const fields = {
    "stream-next-offset": formatOffset(info.tail),
    "stream-closed": "true",
    "cache-control": "no-store",
  };
  return new Response(null, { status: 204, headers: { ...settings.headers, ...fields } });
}

/** Follows a stream. It holds no more than the event that is being taken. */
class Follower implements Source {
  readonly #settings: DurableSettings;
  readonly #patience: Patience;
  readonly #info: StreamInfo;
  readonly #cursor: number;
  #at: number;
  #upToDate = false;
  #ended = false;

  constructor(settings: DurableSettings, client: AbortSignal, { info, from, cursor }: LiveRead) {
    this.#settings = settings;
    this.#info = info;
    this.#at = from;
    this.#cursor = nextCursor(cursor, settings.clock());
    // Not all at the same time: those who connected together would come back together.
    const ms = settings.eventStreamMs * (0.9 + Math.random() / 10);
    this.#patience = new Patience(ms, client, settings.signal);
  }

  /**
   * What is there now.
   *
   * @throws {StreamError} as the store does
   */
  async first(): Promise<Uint8Array<ArrayBuffer>> {
    try {
      return this.#take(await this.#settings.events.at(this.#info, this.#at));
    } catch (error) {
      this.cancel();
      throw error;
    }
  }

  async read(): Promise<Chunk> {
    try {
      const event = this.#ended ? undefined : await this.#next();
      if (event) return this.#take(event);
    } catch (error) {
      this.cancel();
      if (!(error instanceof StreamError) || !ENDS.has(error.code)) {
        reportFailure(this.#settings, error);
        throw error;
      }
    }
    this.cancel();
    return undefined;
  }

  cancel(): void {
    this.#patience.end();
  }

  /** The next event that says something; undefined when there will be none. */
  async #next(): Promise<PieceEvent | undefined> {
    const { store, events } = this.#settings;
    const { id, number } = this.#info;
    for (let more = true; more && !this.#patience.signal.aborted;) {
      const info = findStream(store, id);
      if (info.number !== number) return undefined;
      if (info.tail > this.#at || info.end || !this.#upToDate) {
        const event = await events.at(info, this.#at);
        if (event.next > this.#at || event.end || event.upToDate !== this.#upToDate) return event;
      }
      more = await store.wait(id, number, info.tail, this.#patience.signal);
    }
  }

  #take(event: PieceEvent): Uint8Array<ArrayBuffer> {
    this.#at = event.next;
    this.#upToDate = event.upToDate;
    this.#ended = event.end !== undefined;
    return event.withCursor(Math.max(this.#cursor, intervalAt(this.#settings.clock())));
  }
}

/** Refusals that end a connection as its time does: the client comes back and is told. */
const ENDS = new Set(["not-found", "gone", "stopped"]);
