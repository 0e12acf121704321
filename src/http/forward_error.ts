/** What can go wrong between us and an upstream. */

import { HttpError } from "../errors.ts";

const DETAILS = {
  connect: "The service could not be reached",
  timeout: "The service did not answer in time",
  broken: "The service broke off before it answered, or its answer was none of HTTP",
};

/** A request that could not be passed on, or was not answered; its answer is 502 or 504. */
export class ForwardError extends HttpError {
  /** No connection; no head in time; a connection that ended, or a head that made no sense. */
  readonly reason: "connect" | "timeout" | "broken";
  /** Something of the request may have reached the upstream: to send it again may do twice what it asks for. */
  readonly sent: boolean;

  /** Makes one. */
  constructor(reason: ForwardError["reason"], options: { sent: boolean; cause?: unknown }) {
    super(reason === "timeout" ? 504 : 502, DETAILS[reason], { cause: options.cause });
    this.reason = reason;
    this.sent = options.sent;
  }
}
