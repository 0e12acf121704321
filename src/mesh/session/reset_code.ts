/** Why a stream ended before its time. */

/** Codes as they travel. */
export const ResetCode = {
  /** Whoever began it does not want it any more. */
  cancelled: 1,
  /** Nothing was done: there is too much to do. */
  overloaded: 2,
  /** Nothing was done: there is no such service here. */
  noService: 3,
  /** It went wrong. */
  failed: 4,
  /** Nothing came for too long. */
  timeout: 5,
  /** Nothing was done: the node is ending. */
  ending: 6,
} as const;

/** One of these. */
export type ResetCode = typeof ResetCode[keyof typeof ResetCode];

/** A stream that the other side ended. */
export class StreamReset extends Error {
  /** `StreamReset`. */
  override readonly name = "StreamReset";
  /** Why. Codes that are not known are `failed`. */
  readonly code: ResetCode;

  /**
   * Makes one.
   *
   * @param text what the other side says about it
   */
  constructor(code: number, text: string) {
    super(text);
    this.code = (Object.values(ResetCode) as number[]).includes(code) ? code as ResetCode : ResetCode.failed;
  }

  /** Whoever was asked has not begun: somebody else may be asked. */
  get nothingDone(): boolean {
    return this.code === ResetCode.overloaded || this.code === ResetCode.noService || this.code === ResetCode.ending;
  }
}
