/** Why a stream on a server could not be written or read. */

/** What went wrong, for callers to branch on. */
export type StreamClientErrorCode =
  /** Nobody answers at that address. */
  | "unreachable"
  /** The server wants a token, or does not know the one it got. */
  | "unauthorized"
  /** The token does not allow it. */
  | "forbidden"
  /** There is no such stream, or no longer. */
  | "not-found"
  /** A stream of that id is there already. */
  | "exists"
  /** What was asked for is kept no longer. */
  | "gone"
  /** Somebody else has ended the stream. */
  | "closed"
  /** Its producer went away in the middle: what was read is all there is. */
  | "aborted"
  /** The server refused for another reason, or is none for streams. */
  | "refused"
  /** Bytes that it had acknowledged are not there any more. */
  | "lost"
  /** It was tried again and again, and nothing moved for too long. */
  | "gave-up";

/** A stream on a server that could not be written or read, and that trying again does not mend. */
export class StreamClientError extends Error {
  /** `StreamClientError`. */
  override readonly name = "StreamClientError";
  /** What went wrong. */
  readonly code: StreamClientErrorCode;

  /**
   * Makes one.
   *
   * @param code what went wrong
   * @param message one sentence for whoever started it
   */
  constructor(code: StreamClientErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A failure that may pass: the connection broke, or the server has too much to do. */
export class Interruption extends Error {
  /** `Interruption`. */
  override readonly name = "Interruption";
  /** How long the server asks to wait at least, milliseconds. */
  readonly afterMs: number;

  /**
   * Makes one.
   *
   * @param message why, in a few words
   */
  constructor(message: string, options: ErrorOptions & { afterMs?: number } = {}) {
    super(message, options);
    this.afterMs = options.afterMs ?? 0;
  }
}
