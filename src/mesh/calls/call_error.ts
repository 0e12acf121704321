/** A call that has no answer, with what its caller has to know to try it elsewhere. */

import { HttpError } from "../../errors.ts";

/** A call that failed before its answer began. */
export class CallError extends HttpError {
  /** Whoever was asked has done nothing: somebody else may be asked, whatever the request is. */
  readonly nothingDone: boolean;
  /** What this says of the one that was asked. */
  readonly outcome: "failed" | "refused" | "cancelled";

  /**
   * Makes one.
   *
   * @param detail one sentence for the client
   */
  constructor(
    status: number,
    detail: string,
    { nothingDone, outcome, cause }: { nothingDone: boolean; outcome: CallError["outcome"]; cause?: unknown },
  ) {
    super(status, detail, { cause, headers: status === 503 ? { "retry-after": "1" } : {} });
    this.nothingDone = nothingDone;
    this.outcome = outcome;
  }
}
