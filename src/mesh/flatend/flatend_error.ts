/** What can go wrong between us and a service of a flatend node. */

import { HttpError } from "../../errors.ts";

const WORDS = {
  unhandled: [503, "The service is not there any more"],
  busy: [503, "The node of the service has too many requests under way"],
  timeout: [504, "The service did not answer in time"],
  broken: [502, "The service broke off, or its answer was none"],
} as const;

/** A request to a flatend node that was not answered. */
export class FlatendError extends HttpError {
  /**
   * The node has none of the services, or has left before anything was sent; it has too much to do; silence; a connection
   * that ended, or an answer that made no sense.
   */
  readonly reason: "unhandled" | "busy" | "timeout" | "broken";

  /** Makes one. */
  constructor(reason: FlatendError["reason"], options: { cause?: unknown } = {}) {
    const [status, detail] = WORDS[reason];
    super(status, detail, { cause: options.cause });
    this.reason = reason;
  }

  /** No service has seen the request: somebody else may be asked, whatever it is, if its body is still there. */
  get nothingDone(): boolean {
    return this.reason === "unhandled" || this.reason === "busy";
  }
}
