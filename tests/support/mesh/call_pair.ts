/** Two nodes' ends of a session in memory, of which one calls what the other answers. */

import { MalformedError } from "../../../src/bytes/byte_reader.ts";
import type { Handler, RequestInfo } from "../../../src/http/handler.ts";
import { bodySource, hasBody } from "../../../src/http/served_request.ts";
import { answerCall } from "../../../src/mesh/calls/answer_call.ts";
import { call, type CallParts } from "../../../src/mesh/calls/call.ts";
import type { CallOutcome } from "../../../src/mesh/calls/answer_response.ts";
import { readRequestHead, type RequestHead } from "../../../src/mesh/calls/heads.ts";
import { prepareCall } from "../../../src/mesh/calls/prepare_call.ts";
import { ResetCode } from "../../../src/mesh/session/reset_code.ts";
import { type SessionPair, sessionPair } from "./session_pair.ts";

/** What may be set of one call. */
export interface CallOptions extends Partial<Pick<CallParts, "head" | "body" | "idleMs" | "totalMs" | "untakenMs">> {
  readonly info?: RequestInfo;
}

/** Both ends, and what became of calls. */
export interface CallPair extends SessionPair {
  /** Heads that came to the one who answers. */
  readonly heads: RequestHead[];
  /** Calls that are answered, or were; each resolves when it is. */
  readonly answered: Promise<void>[];
  /** What happened to calls, in order: `answer`, and how each ended. */
  readonly told: (CallOutcome | "answer")[];
  /** Calls. */
  fetch(request: Request, options?: CallOptions): Promise<Response>;
}

/** Makes a pair; the handler may be undefined where a test answers itself. */
export function callPair(handler?: Handler): CallPair {
  const pair = sessionPair();
  const heads: RequestHead[] = [];
  const answered: Promise<void>[] = [];
  const told: CallPair["told"] = [];
  if (handler) {
    pair.b.onStream = ({ stream, head: bytes }) => {
      try {
        const head = readRequestHead(bytes);
        heads.push(head);
        queueMicrotask(() => answered.push(answerCall(stream, head, handler, pair.clock)));
      } catch (error) {
        if (!(error instanceof MalformedError)) throw error;
        stream.reset(ResetCode.failed, error.message);
      }
    };
  }
  const fetch = (request: Request, { info, ...options }: CallOptions = {}) =>
    call(pair.a.session, {
      request,
      head: options.head ?? prepareCall(request, info).head("echo", "1.0.0"),
      body: hasBody(request) ? bodySource(request) : undefined,
      clock: pair.clock,
      idleMs: 0,
      totalMs: 0,
      onAnswer: () => told.push("answer"),
      onEnd: (outcome) => told.push(outcome),
      ...options,
    });
  return { ...pair, heads, answered, told, fetch };
}
