/** Why the store refused; each code has its HTTP answer in `stream_answers.ts`. */

/** What was refused, for callers to branch on. */
export type StreamErrorCode =
  /** There is no stream of that id, or it has expired. */
  | "not-found"
  /** The stream was deleted, but forks of it live: its id can't be used yet. */
  | "gone"
  /** The bytes asked for were let go by retention. */
  | "trimmed"
  /** A stream of that id exists and was made otherwise. */
  | "exists"
  /** The stream has ended. */
  | "closed"
  /** The content type is not the stream's. */
  | "content-type"
  /** `Stream-Seq` is not beyond the last one. */
  | "sequence"
  /** The producer has begun a newer epoch elsewhere. */
  | "stale-epoch"
  /** A new epoch begins with sequence number 0. */
  | "epoch-start"
  /** Sequence numbers of the producer are missing in between. */
  | "sequence-gap"
  /** The stream does not end where the caller expected. */
  | "moved"
  /** Not what the method takes: an id, an offset, JSON, an empty append. */
  | "invalid"
  /** More than an append or a stream may hold. */
  | "too-large"
  /** More than the store may hold, or the disk is full. */
  | "full"
  /** Stored bytes are not what was written. */
  | "corrupt"
  /** The disk failed; what was asked for was not done, as far as can be known. */
  | "storage"
  /** The store is being closed. */
  | "stopped";

/** What goes with a code. */
export interface StreamErrorDetails {
  /** Where the stream ends, bytes. */
  readonly tail?: number;
  /** Whether it has ended. */
  readonly closed?: boolean;
  /** The producer's epoch that counts. */
  readonly epoch?: number;
  /** The sequence number that was expected. */
  readonly expected?: number;
  /** The first byte that is kept. */
  readonly start?: number;
  /** What made it fail. */
  readonly cause?: unknown;
}

/** A refusal of the stream store. */
export class StreamError extends Error {
  /** `StreamError`. */
  override readonly name = "StreamError";
  /** What was refused. */
  readonly code: StreamErrorCode;
  /** What goes with the code. */
  readonly details: StreamErrorDetails;

  /**
   * Makes one.
   *
   * @param code what was refused
   * @param message one sentence for whoever asked
   */
  constructor(code: StreamErrorCode, message: string, details: StreamErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.code = code;
    this.details = details;
  }
}
