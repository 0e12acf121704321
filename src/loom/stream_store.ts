/** Streams kept while they flow: what a store does, whatever it keeps them on. */

/** How a stream ended. */
export type StreamEnd =
  /** Its producer said so. */
  | "closed"
  /** Its producer went away, or sent nothing for too long, without a word. */
  | "aborted";

/** What is known of a stream besides its bytes. */
export interface StreamInfo {
  /** Its id: a path of 1 to 1024 bytes, such as `builds/42`. */
  readonly id: string;
  /** Counts creations: a stream that takes a deleted one's id has another number. */
  readonly number: number;
  /** As its producer gave it. */
  readonly contentType: string;
  /** Any JSON value that its producer attached. */
  readonly metadata?: unknown;
  /** It expires when nobody has read or appended for so long, seconds. */
  readonly ttlSeconds?: number;
  /** It expires then; as given, RFC 3339. */
  readonly expiresAt?: string;
  /** When it was made, milliseconds since 1970. */
  readonly createdAt: number;
  /** When something was last appended, milliseconds since 1970. */
  readonly appendedAt: number;
  /** The first byte that is kept; greater than 0 when retention let older ones go. */
  readonly start: number;
  /** Where it ends, bytes from its beginning. */
  readonly tail: number;
  /** How it ended; undefined while it may grow. */
  readonly end?: StreamEnd;
  /** It was deleted, and is kept for forks of it. */
  readonly hidden: boolean;
}

/** How a stream is made. */
export interface CreateOptions {
  /** Default: that of the stream it is forked from, else `application/octet-stream`. */
  readonly contentType?: string;
  /** Any JSON value, at most 16 KiB. */
  readonly metadata?: unknown;
  /** See `StreamInfo`; not together with `expiresAt`. */
  readonly ttlSeconds?: number;
  /** See `StreamInfo`. */
  readonly expiresAt?: string;
  /** First bytes. For JSON: a value, or an array of any length whose elements are stored each. */
  readonly bytes?: Uint8Array;
  /** Ends it at once. */
  readonly closed?: boolean;
  /** Begins with what another stream holds. */
  readonly fork?: ForkOptions;
  /**
   * Its bytes come from this process alone, as of one connection: when the store is opened again before it has ended, it
   * has ended as aborted.
   */
  readonly upload?: boolean;
  /** Replaces whatever has that id; its readers are cut off. */
  readonly force?: boolean;
}

/** Where a fork begins. */
export interface ForkOptions {
  /** Id of the stream it begins with. */
  readonly from: string;
  /** How much of that it takes over, bytes. Default: all. */
  readonly at?: number;
  /** How much more beyond `at`: bytes, or whole messages of a JSON stream. */
  readonly beyond?: number;
}

/** The outcome of making a stream. */
export interface Created {
  /** What is known of it. */
  readonly stream: StreamInfo;
  /** False when it was there already, made the same way. */
  readonly created: boolean;
}

/** Who appends, so that what is sent twice is stored once (Durable Streams 1.0 §5.2.1). */
export interface Producer {
  /** 1 to 256 bytes. */
  readonly id: string;
  /** Raised by the producer whenever it starts again. */
  readonly epoch: number;
  /** Counts its appends from 0 in each epoch. */
  readonly sequence: number;
}

/** How something is appended. */
export interface AppendOptions {
  /** Refused when it is not the stream's. Default: not looked at. */
  readonly contentType?: string;
  /** Who appends. */
  readonly producer?: Producer;
  /** Has to be greater than the last one, byte by byte. */
  readonly streamSequence?: string;
  /** Refused when the stream of that id has another number, because somebody has replaced it. */
  readonly number?: number;
  /** Refused when the stream does not end there, bytes. */
  readonly expectedTail?: number;
  /** Ends the stream behind these bytes. */
  readonly end?: StreamEnd;
}

/** The outcome of an append. */
export interface Appended {
  /** Where the stream ends now, bytes. */
  readonly tail: number;
  /** How it has ended, if it has. */
  readonly end?: StreamEnd;
  /** The producer had sent this before; nothing was stored. */
  readonly duplicate: boolean;
  /** Highest sequence number stored of the producer in its epoch. */
  readonly sequence?: number;
}

/** A piece of a stream. */
export interface Piece {
  /** At most as much as was asked for; whole messages of a JSON stream, each with a newline behind it. Never written to. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where it begins. */
  readonly from: number;
  /** Where it ends: what follows begins there. */
  readonly next: number;
  /** Nothing more was there when it was read. */
  readonly upToDate: boolean;
  /** How the stream has ended, if it has and the piece reaches its end. */
  readonly end?: StreamEnd;
}

/** Something that happened to a stream. */
export interface StreamEvent {
  /** What happened. */
  readonly kind: "created" | "appended" | "ended" | "deleted";
  /** The stream as it is now. */
  readonly stream: StreamInfo;
}

/** Which streams to list. */
export interface ListOptions {
  /** What their ids begin with. */
  readonly prefix?: string;
  /** Only ids behind this one, in the order of their UTF-16 code units. */
  readonly after?: string;
  /** Default 100, at most 1000. */
  readonly limit?: number;
}

/** A part of the list. */
export interface Listing {
  /** In the order of their ids. */
  readonly streams: readonly StreamInfo[];
  /** Give it as `after` for what follows; undefined at the end. */
  readonly next?: string;
}

/** Keeps streams. All refusals are a `StreamError`; whatever resolved is stored as durably as the store promises. */
export interface StreamStore extends AsyncDisposable {
  /**
   * Makes a stream, or finds it made the same way.
   *
   * @throws {StreamError} `exists`, `gone`, `invalid`, `full`, `storage`; for a fork also `not-found` and `content-type`
   */
  create(id: string, options?: CreateOptions): Promise<Created>;

  /**
   * Appends bytes: all of them or none. To a JSON stream: a value, or an array whose elements are stored each.
   *
   * @param bytes not to be changed until it is done; empty only to end the stream
   * @throws {StreamError} `not-found`, `gone`, `closed`, `content-type`, `sequence`, `stale-epoch`, `epoch-start`,
   *   `sequence-gap`, `moved`, `invalid`, `too-large`, `full`, `storage`
   */
  append(id: string, bytes: Uint8Array, options?: AppendOptions): Promise<Appended>;

  /**
   * Reads a piece; an empty one at the end.
   *
   * @param from bytes from the beginning; of a JSON stream where a message begins. Beyond the tail: empty
   * @param max bytes; a message of a JSON stream is given whole even when it is longer
   * @throws {StreamError} `not-found`, `gone`, `trimmed`, `invalid`, `corrupt`, `storage`
   */
  read(id: string, from: number, max: number): Promise<Piece>;

  /**
   * Waits until a stream has more than it had, or has ended, or is there no more.
   *
   * @param number the stream's, so that one that took its id is not mistaken for it
   * @param tail where it ended when the caller looked
   * @param signal ends the waiting, with false
   * @returns false when nothing happened
   */
  wait(id: string, number: number, tail: number, signal: AbortSignal): Promise<boolean>;

  /** What is known of a stream; undefined when there is none. Does not count as a use of it. */
  head(id: string): StreamInfo | undefined;

  /**
   * Deletes a stream; one that has forks is kept out of sight until they are deleted.
   *
   * @returns false when there is none
   * @throws {StreamError} `gone` when it was deleted before
   */
  delete(id: string): Promise<boolean>;

  /** Streams by id. */
  list(options?: ListOptions): Listing;

  /** Position from which everything appended at a time or later is found; what was appended shortly before may precede. */
  positionAt(id: string, timeMs: number): Promise<number>;

  /** The first position from the given one at which a message of a JSON stream begins; of others the position itself. */
  boundaryAt(id: string, position: number): Promise<number>;

  /** Deletes what has expired, lets go what is retained no longer, ends what is idle for too long. Runs by itself too. */
  expire(): Promise<void>;

  /** Tells of everything that happens, once it is stored. Listeners must not throw, and not wait. */
  listen(listener: (event: StreamEvent) => void, signal: AbortSignal): void;

  /** Finishes what was asked for, and closes. */
  close(): Promise<void>;
}
