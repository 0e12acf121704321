/** What one spy sees. */

import { printable } from "../../bytes/printable.ts";
import type { Chunk, Source } from "../../bytes/source.ts";
import { limits } from "../../limits.ts";
import { isJson } from "../store/json_messages.ts";
import { cutLines, showLine } from "./spy_text.ts";
import { StreamError } from "../stream_error.ts";
import type { Piece, StreamEvent, StreamInfo, StreamStore } from "../stream_store.ts";

/** Options of a {@linkcode SpySource}. */
export interface SpySourceOptions {
  /** One colour a stream. */
  readonly color: boolean;
  /** See `SpyOptions`. */
  readonly partialMs: number;
  /** Called once, when nobody reads it any more. */
  readonly onEnd: () => void;
}

/** A stream that is watched. */
interface Watched {
  readonly stream: StreamInfo;
  /** Up to where it was shown. */
  at: number;
  tail: number;
  /** `START` was shown. */
  started: boolean;
  /** Nothing more will come. */
  ended: boolean;
  /** It is there no more. */
  gone: boolean;
  /** A line without an end has waited for long enough. */
  ripe: boolean;
  timer?: ReturnType<typeof setTimeout>;
}

/** What is put together before it is sent: many small streams are no reason for many small chunks. */
const CHUNK_CHARACTERS = 32 * 1024;
const LISTED = 1000;
const encoder = new TextEncoder();

/** Text of all that happens in a store. */
export class SpySource implements Source {
  readonly #store: StreamStore;
  readonly #options: SpySourceOptions;
  readonly #left = new AbortController();
  /** By number, so that one that takes another's id is not mistaken for it. */
  readonly #watched = new Map<number, Watched>();
  /** Those that have something to show; the first comes next. */
  readonly #ready = new Set<Watched>();
  /** Where the list of streams that were there before goes on; undefined when all were looked at. */
  #listed: string | undefined = "";
  #unwatched = 0;
  #wake: (() => void) | undefined;

  constructor(store: StreamStore, options: SpySourceOptions) {
    this.#store = store;
    this.#options = options;
    store.listen((event) => this.#onEvent(event), this.#left.signal);
  }

  async read(): Promise<Chunk> {
    while (!this.#left.signal.aborted) {
      const text = this.#listActive() + await this.#showReady() + this.#showUnwatched();
      if (text !== "") return encoder.encode(text);
      if (this.#ready.size === 0 && this.#listed === undefined && !this.#left.signal.aborted) {
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
    }
  }

  cancel(): void {
    if (this.#left.signal.aborted) return;
    this.#left.abort();
    for (const { timer } of this.#watched.values()) clearTimeout(timer);
    this.#watched.clear();
    this.#ready.clear();
    this.#wakeUp();
    this.#options.onEnd();
  }

  #onEvent({ kind, stream }: StreamEvent): void {
    const known = this.#watched.get(stream.number);
    const watched = known ?? this.#begin(kind, stream);
    if (!watched) return;
    watched.tail = stream.tail;
    watched.ended = stream.end !== undefined;
    watched.gone = kind === "deleted";
    this.#ready.add(watched);
    this.#wakeUp();
  }

  /** Watches a stream that is heard of for the first time, if it is new, or was not come to in the list yet. */
  #begin(kind: StreamEvent["kind"], stream: StreamInfo): Watched | undefined {
    if (kind === "created") return this.#watch(stream, stream.start);
    if (kind === "appended" && this.#listed !== undefined) return this.#watch(stream, stream.tail);
  }

  #watch(stream: StreamInfo, at: number): Watched | undefined {
    if (this.#watched.size >= limits.spyStreams) return void this.#unwatched++;
    const watched = { stream, at, tail: stream.tail, started: false, ended: false, gone: false, ripe: false };
    this.#watched.set(stream.number, watched);
    return watched;
  }

  /** Says which streams were active before, a part of the list at a time. */
  #listActive(): string {
    if (this.#listed === undefined) return "";
    const { streams, next } = this.#store.list({ after: this.#listed, limit: LISTED });
    this.#listed = next;
    let text = "";
    for (const stream of streams) {
      if (stream.end || this.#watched.has(stream.number)) continue;
      const watched = this.#watch(stream, stream.tail);
      if (watched) text += this.#start(watched);
    }
    return text;
  }

  async #showReady(): Promise<string> {
    let text = "";
    for (const watched of this.#ready) {
      if (text.length >= CHUNK_CHARACTERS) break;
      this.#ready.delete(watched); // it comes last again when there is more of it
      text += await this.#show(watched);
    }
    return text;
  }

  #showUnwatched(): string {
    const count = this.#unwatched;
    this.#unwatched = 0;
    return count > 0
      ? showLine(`... ${count} streams skipped: a spy watches ${limits.spyStreams} at most`, undefined)
      : "";
  }

  /** What is new of one stream. */
  async #show(watched: Watched): Promise<string> {
    let text = watched.started ? "" : this.#start(watched);
    if (!watched.gone) text += this.#skip(watched);
    if (!watched.gone && watched.at < watched.tail) text += await this.#content(watched);
    const done = watched.gone || (watched.ended && watched.at >= watched.tail);
    if (!done || !this.#watched.delete(watched.stream.number)) return text;
    this.#stopTimer(watched);
    this.#ready.delete(watched);
    return text + this.#line(watched, `END: ${printable(watched.stream.id)}`);
  }

  #start(watched: Watched): string {
    watched.started = true;
    return this.#line(watched, `START: ${printable(watched.stream.id)}`);
  }

  /** Lets go what is too much to show, but for the last of it; where messages begin in there nobody knows. */
  #skip(watched: Watched): string {
    if (watched.tail - watched.at <= limits.spyBacklogBytes) return "";
    const to = isJson(watched.stream.contentType) ? watched.tail : watched.tail - limits.spyPieceBytes;
    return this.#skipTo(watched, to);
  }

  #skipTo(watched: Watched, to: number): string {
    const skipped = to - watched.at;
    watched.at = to;
    return this.#line(watched, `${printable(watched.stream.id)}: ... ${skipped} bytes skipped`);
  }

  async #content(watched: Watched): Promise<string> {
    const { id, number } = watched.stream;
    let piece: Piece;
    try {
      piece = await this.#store.read(id, watched.at, limits.spyPieceBytes);
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      const { start } = error.details;
      if (start !== undefined) return this.#skipTo(watched, start); // retention was faster
      watched.gone = true; // the store tells its operator why
      return "";
    }
    watched.gone ||= this.#store.head(id)?.number !== number;
    return watched.gone ? "" : this.#showPiece(watched, piece);
  }

  #showPiece(watched: Watched, { bytes, next }: Piece): string {
    if (bytes.byteLength > 2 * limits.spyPieceBytes) return this.#skipTo(watched, next); // one message of JSON
    const isLast = next >= watched.tail;
    let { lines, used } = cutLines(bytes, watched.ripe || (watched.ended && isLast));
    // A store may give less than was asked for: what comes of it is shown, lest it be read again and again.
    if (used === 0 && !isLast) ({ lines, used } = cutLines(bytes, true));
    watched.at += used;
    watched.ripe = false;
    if (used > 0) this.#stopTimer(watched);
    if (watched.at < next && isLast) this.#ripenLater(watched);
    if (!isLast) this.#ready.add(watched);
    const name = printable(watched.stream.id);
    return lines.map((line) => this.#line(watched, `${name}: ${line}`)).join("");
  }

  /** What has no end of a line yet is shown without one when none comes. */
  #ripenLater(watched: Watched): void {
    if (this.#left.signal.aborted) return;
    watched.timer ??= setTimeout(() => {
      watched.timer = undefined;
      watched.ripe = true;
      this.#ready.add(watched);
      this.#wakeUp();
    }, this.#options.partialMs);
  }

  #stopTimer(watched: Watched): void {
    clearTimeout(watched.timer);
    watched.timer = undefined;
  }

  #line(watched: Watched, text: string): string {
    return showLine(text, this.#options.color ? watched.stream.number : undefined);
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
