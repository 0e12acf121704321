/** Two nodes' ends of a session in memory, of which one calls what the other answers. */

import { deepEqual, equal } from "node:assert/strict";
import { MalformedError } from "../../../src/bytes/byte_reader.ts";
import type { Handler, RequestInfo } from "../../../src/http/handler.ts";
import { bodySource, hasBody } from "../../../src/http/served_request.ts";
import { answerCall } from "../../../src/mesh/calls/answer_call.ts";
import { call, type CallParts } from "../../../src/mesh/calls/call.ts";
import type { CallOutcome } from "../../../src/mesh/calls/answer_response.ts";
import { readRequestHead, type RequestHead } from "../../../src/mesh/calls/heads.ts";
import { prepareCall } from "../../../src/mesh/calls/prepare_call.ts";
import { ResetCode } from "../../../src/mesh/session/reset_code.ts";
import { type Keys, quiet, type SessionPair, sessionPair } from "./session_pair.ts";
import { until, within } from "../within.ts";
import { settle } from "./manual_clock.ts";

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

/** Nothing is sealed: to do that, other threads are asked, for whom microtasks don't wait. */
const plain: Keys = { send: { key: undefined, nonce: 0 }, receive: { key: undefined, nonce: 0 } };

/** Makes a pair; the handler may be undefined where a test answers itself. */
export function callPair(handler?: Handler): CallPair {
  const pair = sessionPair({ keys: plain });
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

/** Waits until all answers are given, and says whether anything is left over. */
export async function leftOver({ a, b, answered }: CallPair): Promise<unknown[]> {
  await within("all answers are given", Promise.all(answered));
  await settle();
  await quiet({ a, b });
  await until("the streams are over", () => a.session.load + b.session.load === 0);
  return [...a.ends, ...b.ends];
}

/** Nothing is left over, and the session ends well. */
export async function allOver(pair: CallPair): Promise<void> {
  deepEqual(await leftOver(pair), []);
  pair.a.session.close();
  await within("the session is over", Promise.all([pair.a.session.closed, pair.b.session.closed]));
  equal(pair.clock.pending, 0);
}

/** A stream of these chunks, that ends, breaks, or goes on for ever. */
export function streamOf(chunks: readonly string[], ending: "end" | "error" | "wait" = "end", onCancel?: () => void) {
  let at = 0;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at < chunks.length) return controller.enqueue(new TextEncoder().encode(chunks[at++]));
      if (ending === "end") controller.close();
      if (ending === "error") controller.error(new Error("It broke"));
      if (ending === "wait") return new Promise(() => {});
    },
    cancel: onCancel,
  }, { highWaterMark: 0 });
}
