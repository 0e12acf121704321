/** The answering side of a call: a stream becomes a request, and what its handler answers goes back on it. */

import { fromReadableStream, type Source } from "../../bytes/source.ts";
import { knownBytes, plainFields } from "../../http/bytes_response.ts";
import type { Handler, RequestInfo } from "../../http/handler.ts";
import { errorResponse } from "../../http/problem.ts";
import { trailersOf } from "../../http/trailers.ts";
import { offerUpgrade, takeoverOf } from "../../http/upgrade.ts";
import { type Clock, systemClock } from "../clock.ts";
import { FrameType } from "../session/frames.ts";
import type { MeshStream } from "../session/mesh_stream.ts";
import { ResetCode } from "../session/reset_code.ts";
import { type CallBody, callBody, callRequest } from "./call_request.ts";
import { early } from "./early.ts";
import { handOver } from "./hand_over.ts";
import { type RequestHead, writeResponseHead, writeTrailers } from "./heads.ts";
import { isEndToEnd } from "./passed_fields.ts";

/**
 * Answers a call. It never rejects: what fails ends in an answer, or in a broken stream.
 *
 * @returns resolves when the answer is on its way, or a connection that was taken over has closed
 */
export async function answerCall(
  stream: MeshStream,
  head: RequestHead,
  handler: Handler,
  clock: Clock = systemClock,
): Promise<void> {
  const caller = new Caller(stream);
  const response = await ask(handler, head, stream, caller);
  if (caller.isGone) return drop(response);
  const takeover = head.upgrade ? takeoverOf(response) : undefined;
  if (takeover) return await handOver(takeover, stream, head, clock);
  try {
    await send(response, stream, head.method === "HEAD", caller);
    caller.isAnswered = true;
    if (caller.upload) caller.upload.cut(); // what was not read of the request is of no use now
    else stream.cancel();
  } catch {
    stream.reset(ResetCode.failed); // never as a clean short body
  }
}

/** Whoever has called. Its leaving aborts the request, as long as there is no answer; a signal is made for those who ask. */
class Caller {
  #controller: AbortController | undefined;
  /** The body that comes from it. */
  upload: CallBody | undefined;
  /** The body that is sent to it. */
  body: Source | undefined;
  isGone = false;
  isAnswered = false;

  constructor(stream: MeshStream) {
    this.isGone = stream.error !== undefined;
    stream.listener = { onBroken: () => this.#leave() };
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.isGone) this.#controller.abort();
    return this.#controller.signal;
  }

  #leave(): void {
    if (this.isAnswered) return;
    this.isGone = true;
    this.#controller?.abort();
    this.body?.cancel(); // it may say nothing for long, and would not be told otherwise
  }
}

async function ask(handler: Handler, head: RequestHead, stream: MeshStream, caller: Caller): Promise<Response> {
  try {
    caller.upload = callBody(head, stream);
    const request = callRequest(head, caller.upload, () => caller.signal);
    if (head.upgrade) offerUpgrade(request);
    const response = await handler(request, infoOf(head));
    if (!response) throw new TypeError(`Cannot send an answer: the handler gave ${response}`);
    return response;
  } catch (error) {
    return errorResponse(error);
  }
}

function infoOf({ client, params }: RequestHead): RequestInfo {
  const remoteAddr = client === "" ? undefined : { transport: "tcp", hostname: client };
  return { remoteAddr, params };
}

function drop(response: Response): void {
  response.body?.cancel().catch(() => {/* it is locked: whoever reads it is told */});
}

/** An answer as it is sent. */
interface Outgoing {
  readonly head: Uint8Array<ArrayBuffer>;
  readonly whole?: Uint8Array<ArrayBuffer>;
  readonly body?: Source;
  readonly trailers?: Promise<Headers>;
}

async function send(response: Response, stream: MeshStream, isHead: boolean, caller: Caller): Promise<void> {
  const { sender } = stream;
  const { head, whole, body, trailers } = outgoingOf(response, isHead);
  if (!body) {
    sender.head(FrameType.head, head);
    if (whole) sender.put(whole);
    return sender.close(trailers && writeTrailers(await trailers));
  }
  caller.body = body;
  const ready = await early(body);
  sender.head(FrameType.head, head);
  for (;;) {
    const step = ready.read();
    const chunk = step instanceof Promise ? await step : step;
    if (!chunk) break;
    const room = sender.put(chunk);
    if (!(room instanceof Promise ? await room : room)) return body.cancel(); // nobody wants the rest
  }
  sender.close(trailers && writeTrailers(await trailers));
}

/** What can't be sent as it is, because its body is not to be had or its head is too long, becomes an answer that says so. */
function outgoingOf(response: Response, isHead: boolean): Outgoing {
  try {
    return opened(response, isHead);
  } catch (error) {
    drop(response);
    return opened(errorResponse(error), isHead);
  }
}

function opened(response: Response, isHead: boolean): Outgoing {
  if (response.status === 101) throw new TypeError("Cannot send an answer: nobody takes the connection over");
  const trailers = isHead ? undefined : trailersOf(response);
  const fields = fieldsOf(response, trailers !== undefined);
  const head = writeResponseHead({ status: response.status, hasTrailers: trailers !== undefined, fields });
  if (isHead) {
    drop(response);
    return { head };
  }
  const whole = trailers ? undefined : knownBytes(response);
  if (whole) return { head, whole };
  return { head, body: response.body ? fromReadableStream(response.body) : undefined, trailers };
}

function fieldsOf(response: Response, hasTrailers: boolean): string[] {
  const fields: string[] = [];
  const add = (value: string, name: string) => {
    if (isEndToEnd(name) || (hasTrailers && name === "trailer")) fields.push(name, value);
  };
  const plain = plainFields(response);
  if (plain) { for (const name in plain) add(plain[name], name); }
  else response.headers.forEach(add);
  return fields;
}
