/** The stream store: what may be done to streams and what comes of it, over any storage. */

import { limits } from "../../limits.ts";
import { type Log, silent } from "../../log.ts";
import { Committer } from "./committer.ts";
import { Housekeeper } from "./housekeeper.ts";
import { isJson, toMessages } from "./json_messages.ts";
import { checkKept, checkType, gone, notFound } from "./refusals.ts";
import type { StoreLimits } from "./retention.ts";
import type { Storage } from "./storage.ts";
import { infoOf, Stream } from "./stream.ts";
import { StreamBytes } from "./stream_bytes.ts";
import { type Changes, stageAppend, stageCreate, stageRemove } from "./stream_changes.ts";
import { StreamError } from "../stream_error.ts";
import { resolveFork } from "./stream_fork.ts";
import { checkAppend, checkContentType, checkExpiry, checkId, checkMetadata } from "./stream_ids.ts";
import { StreamIndex } from "./stream_index.ts";
import type {
  Appended,
  AppendOptions,
  Created,
  CreateOptions,
  Listing,
  ListOptions,
  Piece,
  StreamEvent,
  StreamInfo,
  StreamStore,
} from "../stream_store.ts";

/** Options of a table. */
export interface TableOptions {
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly clock?: () => number;
  /** False: each append is stored by itself. Default: true. */
  readonly together?: boolean;
  /** Default: none. */
  readonly limits?: StoreLimits;
  readonly log?: Log;
}

const EMPTY = new Uint8Array(0);
const LISTED = 100;
const LISTED_MAX = 1000;

/** Streams over a storage. */
export class StreamTable implements StreamStore {
  readonly #storage: Storage;
  readonly #committer: Committer;
  readonly #index = new StreamIndex();
  readonly #bytes: StreamBytes;
  readonly #clock: () => number;
  readonly #limits: StoreLimits;
  readonly #log: Log;
  readonly #listeners = new Set<(event: StreamEvent) => void>();
  readonly #changes: Changes;
  readonly #housekeeper: Housekeeper;
  #closed: Promise<void> | undefined;
  /** Awaited before anything is closed. */
  beforeClose: () => Promise<void> = () => Promise.resolve();

  /** Makes a table over a storage, which it owns from then on; to be loaded before it is used. */
  constructor(storage: Storage, options: TableOptions = {}) {
    this.#storage = storage;
    this.#bytes = new StreamBytes(storage);
    this.#clock = options.clock ?? Date.now;
    this.#limits = options.limits ?? {};
    this.#log = options.log ?? silent;
    this.#committer = new Committer((changes) => storage.commit(changes), options.together ?? true);
    this.#changes = {
      index: this.#index,
      claimed: new Map(),
      bytes: 0,
      limits: this.#limits,
      nextNumber: () => storage.nextNumber(),
      emit: (kind, stream) => this.#emit(kind, stream),
    };
    this.#housekeeper = new Housekeeper({
      changes: this.#changes,
      committer: this.#committer,
      bytes: this.#bytes,
      limits: this.#limits,
      clock: this.#clock,
      log: this.#log,
    });
  }

  /** Reads what is stored. */
  async load(): Promise<void> {
    const byNumber = new Map<number, Stream>();
    for await (const stored of this.#storage.load()) { // a fork has a higher number than what it was forked from
      const { parent, start, base, tail } = stored.document;
      const stream = new Stream(stored, parent === undefined ? undefined : byNumber.get(parent));
      if (stream.parent) stream.parent.forks++;
      byNumber.set(stored.number, stream);
      if (!stored.document.replaced) this.#index.set(stream);
      this.#changes.bytes += tail - Math.max(start, base);
    }
    await this.#housekeeper.abortUploads([...byNumber.values()]);
    this.#housekeeper.start();
  }

  async create(id: string, options: CreateOptions = {}): Promise<Created> {
    checkId(id);
    checkExpiry(options);
    const metadata = checkMetadata(options.metadata);
    const fork = options.fork && await resolveFork(options.fork, (from) => this.#stored(from), this.#bytes);
    if (fork && options.contentType) checkType(fork.parent, options.contentType);
    const contentType = options.contentType ?? fork?.parent.document.contentType ?? "application/octet-stream";
    checkContentType(contentType);
    const json = isJson(contentType) && options.bytes !== undefined && options.bytes.byteLength > 0;
    const bytes = json ? toMessages(options.bytes!) : options.bytes ?? EMPTY;
    this.#checkSize(bytes);
    const wish = { id, options: { ...options, metadata }, contentType, fork, bytes };
    return await this.#committer.run(bytes.byteLength, (cycle) => {
      return stageCreate(cycle, this.#changes, wish, this.#clock());
    });
  }

  async append(id: string, bytes: Uint8Array, options: AppendOptions = {}): Promise<Appended> {
    checkAppend(options);
    const found = this.#find(id);
    const { document } = found;
    const { number = found.number } = options;
    if (options.contentType) checkType(found, options.contentType);
    const data = bytes.byteLength > 0 && isJson(document.contentType) ? toMessages(bytes) : bytes;
    if (data.byteLength === 0 && (bytes.byteLength > 0 || !options.end)) {
      throw new StreamError("invalid", "An append holds at least one byte, or message");
    }
    this.#checkSize(data);
    return await this.#committer.run(data.byteLength, (cycle) => {
      const stream = this.#find(id);
      if (stream.number !== number) throw new StreamError("not-found", `The stream ${id} was replaced`);
      return stageAppend(cycle, this.#changes, stream, data, options, this.#clock());
    });
  }

  async read(id: string, from: number, max: number): Promise<Piece> {
    const stream = this.#stored(id);
    if (!Number.isSafeInteger(from) || from < 0) throw new StreamError("invalid", `No position: ${from}`);
    if (!(max >= 1)) throw new StreamError("invalid", `A piece has at least one byte, not ${max}`);
    checkKept(id, stream.document.start, from);
    if (stream.document.ttlSeconds !== undefined) this.#storage.touch(stream.stored, this.#clock());
    try {
      return await this.#bytes.piece(stream, from, max);
    } catch (error) {
      if (stream.removed) throw notFound(id); // its bytes went while they were read
      checkKept(id, stream.document.start, from);
      throw error;
    }
  }

  async wait(id: string, number: number, tail: number, signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if (this.#closed) throw new StreamError("stopped", "The stream store is being closed");
      const stream = this.#index.get(id);
      if (!stream || stream.number !== number || stream.document.hidden) return true;
      if (stream.document.tail > tail || stream.document.end) return true;
      await stream.changed(signal);
    }
    return false;
  }

  head(id: string): StreamInfo | undefined {
    const stream = this.#index.get(id);
    return stream && !stream.hasExpired(this.#clock()) ? infoOf(stream.stored) : undefined;
  }

  async delete(id: string): Promise<boolean> {
    const stream = this.#index.get(id);
    if (!stream || stream.hasExpired(this.#clock())) return false;
    return await this.#committer.run(0, (cycle) => {
      if (stream.latest.hidden) throw new StreamError("gone", `The stream ${id} is deleted, but for forks of it`);
      if (this.#index.get(id) !== stream || stream.removing) return () => false;
      stageRemove(cycle, this.#changes, stream);
      return () => true;
    });
  }

  list(options: ListOptions = {}): Listing {
    const limit = Math.max(1, Math.min(options.limit ?? LISTED, LISTED_MAX));
    const now = this.#clock();
    const streams: StreamInfo[] = [];
    for (const stream of this.#index.from(options.prefix ?? "", options.after ?? "")) {
      if (stream.document.hidden || stream.hasExpired(now)) continue;
      if (streams.length === limit) return { streams, next: streams.at(-1)!.id };
      streams.push(infoOf(stream.stored));
    }
    return { streams };
  }

  async positionAt(id: string, timeMs: number): Promise<number> {
    return await this.#bytes.positionAt(this.#stored(id), timeMs);
  }

  async boundaryAt(id: string, position: number): Promise<number> {
    const stream = this.#stored(id);
    const { start, tail } = stream.document;
    return await this.#bytes.boundary(stream, Math.min(tail, Math.max(start, position)));
  }

  async expire(): Promise<void> {
    await this.#housekeeper.expire();
  }

  listen(listener: (event: StreamEvent) => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#listeners.add(listener);
    signal.addEventListener("abort", () => this.#listeners.delete(listener), { once: true });
  }

  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    this.#housekeeper.stop();
    await this.beforeClose();
    await this.#committer.close();
    try {
      await this.#storage.close();
    } finally {
      for (const stream of this.#index.all()) stream.wake();
    }
  }

  /**
   * The stream to change: as it is about to be.
   *
   * @throws {StreamError} `not-found`, `gone`
   */
  #find(id: string): Stream {
    const stream = this.#changes.claimed.get(id) ?? this.#index.get(id);
    if (!stream || stream.removing || stream.hasExpired(this.#clock())) throw notFound(id);
    if (stream.latest.hidden) throw gone(id);
    return stream;
  }

  /**
   * The stream to read: as it is stored.
   *
   * @throws {StreamError} `not-found`, `gone`
   */
  #stored(id: string): Stream {
    const stream = this.#index.get(id);
    if (!stream || stream.hasExpired(this.#clock())) throw notFound(id);
    if (stream.document.hidden) throw gone(id);
    return stream;
  }

  #checkSize(bytes: Uint8Array): void {
    const max = this.#limits.appendBytes ?? limits.appendBytes;
    if (bytes.byteLength <= max) return;
    throw new StreamError("too-large", `An append holds at most ${max} bytes: send more in several`);
  }

  #emit(kind: StreamEvent["kind"], stream: Stream): void {
    if (this.#listeners.size === 0) return;
    const event = { kind, stream: infoOf(stream.stored) };
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) { // what is stored is stored: nobody else may hear of it less
        this.#log("error", "a listener of the streams failed", { error: String(error) });
      }
    }
  }
}
