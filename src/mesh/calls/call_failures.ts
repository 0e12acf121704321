/** What a caller is told of a call without an answer. */

import { MalformedError } from "../../bytes/byte_reader.ts";
import { ResetCode, StreamReset } from "../session/reset_code.ts";
import { CallError } from "./call_error.ts";

const RESETS: Record<ResetCode, string> = {
  [ResetCode.cancelled]: "The service broke off before it answered",
  [ResetCode.overloaded]: "The service has too much to do at the moment",
  [ResetCode.noService]: "The service is not there any more",
  [ResetCode.failed]: "The service failed before it answered",
  [ResetCode.timeout]: "The service did not answer in time",
  [ResetCode.ending]: "The service is ending",
};

/** There was no room for it where it should have gone. */
export function notTaken(cause: unknown): CallError {
  const detail = "The service takes no calls at the moment";
  return new CallError(503, detail, { nothingDone: true, outcome: "refused", cause });
}

/** The time was up. */
export function late(what: string): CallError {
  const detail = `The service did not answer in time: ${what}`;
  return new CallError(504, detail, { nothingDone: false, outcome: "failed" });
}

/** The other side, or the session, has ended it. */
export function brokenOff(cause: unknown): CallError {
  if (cause instanceof MalformedError) {
    const detail = "The service gave an answer that can't be understood";
    return new CallError(502, detail, { nothingDone: false, outcome: "failed", cause });
  }
  if (!(cause instanceof StreamReset)) {
    const detail = "The connection to the service broke before it answered";
    return new CallError(502, detail, { nothingDone: false, outcome: "failed", cause });
  }
  const { code, nothingDone } = cause;
  const status = nothingDone ? 503 : code === ResetCode.timeout ? 504 : 502;
  return new CallError(status, RESETS[code], { nothingDone, outcome: nothingDone ? "refused" : "failed", cause });
}
