/** One request on one connection to an upstream, up to the head of its answer. */

import type { Buffer } from "node:buffer";
import { type Agent, type ClientRequest, type IncomingMessage, request as openPlain } from "node:http";
import { request as openTls } from "node:https";
import { isIP, type Socket } from "node:net";
import { HttpError } from "../errors.ts";
import { limits } from "../limits.ts";
import { type Clock, sendBody } from "./forward_body.ts";
import { ForwardError } from "./forward_error.ts";
import { bodySource } from "./served_request.ts";

/** What is sent, where to, and how long it may take. */
export interface UpstreamCall {
  readonly request: Request;
  readonly host: string;
  readonly port: number;
  /** It speaks TLS. */
  readonly isSecure: boolean;
  readonly path: string;
  readonly fields: Record<string, string>;
  /** Undefined when the length of the body is not known. */
  readonly length: number | undefined;
  readonly connectMs: number;
  readonly headMs: number;
}

/** The head of an upstream's answer, with the body behind it. */
export interface UpstreamAnswer {
  readonly incoming: IncomingMessage;
  readonly outgoing: ClientRequest;
  /** The connection, when the upstream goes over to another protocol. */
  readonly switched?: { readonly socket: Socket; readonly head: Buffer };
}

/** A kept connection had been closed when the request came to it; whether the request was read, nobody knows. */
export class StaleConnection extends ForwardError {}

/**
 * Sends a request.
 *
 * @throws {ForwardError} when there is no answer
 * @throws what the body of the request broke with, or its signal
 */
export function exchange(call: UpstreamCall, agent: Agent): Promise<UpstreamAnswer> {
  const { request } = call;
  const outgoing = start(call, agent);
  let isConnected = false;
  let isReused = false;
  return new Promise((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const settle = () => {
      clearTimeout(timer);
      request.signal.removeEventListener("abort", onAbort);
    };
    const fail = (error: unknown) => {
      settle();
      reject(error);
      outgoing.destroy();
    };
    const onAbort = () => fail(request.signal.reason);
    const onTime = () => fail(new ForwardError(isConnected ? "timeout" : "connect", { sent: isConnected }));
    const head = new HeadClock(call.headMs, onTime);
    const answer = (answer: UpstreamAnswer) => {
      settle();
      head.end();
      resolve(answer);
    };
    request.signal.addEventListener("abort", onAbort);
    outgoing.on("error", (cause) => {
      head.end();
      const Kind = isReused ? StaleConnection : ForwardError;
      fail(new Kind(isConnected ? "broken" : "connect", { sent: isConnected, cause }));
    });
    outgoing.on("close", () => head.end());
    outgoing.on("response", (incoming) => answer({ incoming, outgoing }));
    outgoing.on("upgrade", (incoming, socket: Socket, rest) => {
      if (goesOver(incoming, call)) return answer({ incoming, outgoing, switched: { socket, head: rest } });
      socket.destroy();
      fail(new ForwardError("broken", { sent: true, cause: new TypeError("The upstream went over unasked") }));
    });
    const onConnecting = () => timer = setTimeout(onTime, call.connectMs);
    whenConnected(call, outgoing, onConnecting, (wasUsed) => {
      clearTimeout(timer);
      isConnected = true;
      isReused = wasUsed;
      send(call, outgoing, head).catch(fail);
    });
    if (request.signal.aborted) onAbort();
  });
}

/** Tells when a request has its connection, and whether that has had others before. */
function whenConnected(
  { isSecure }: UpstreamCall,
  outgoing: ClientRequest,
  onConnecting: () => void,
  onDone: (wasUsed: boolean) => void,
): void {
  outgoing.on("socket", (socket) => {
    if (outgoing.destroyed) return; // given up before its turn
    const wasUsed = outgoing.reusedSocket;
    outgoing.reusedSocket = false; // or Deno's client would send it again by itself, a POST too
    if (!socket.connecting) return onDone(wasUsed);
    onConnecting();
    // Nothing is sent to an upstream whose certificate was not looked at.
    socket.once(isSecure ? "secureConnect" : "connect", () => onDone(wasUsed));
  });
}

/** The protocol is the one that was asked for (RFC 9110 §7.8). */
function goesOver({ headers }: IncomingMessage, { fields }: UpstreamCall): boolean {
  return fields.upgrade !== undefined && headers.upgrade?.toLowerCase() === fields.upgrade;
}

/** The head is made anew from parsed fields, each of which node:http looks over: no line break gets into it. */
function start({ request, host, port, isSecure, path, fields }: UpstreamCall, agent: Agent): ClientRequest {
  const { method } = request;
  const maxHeaderSize = limits.upstreamHeadBytes;
  try {
    const options = { host, port, path, method, headers: fields, agent, maxHeaderSize };
    if (!isSecure) return openPlain(options);
    // An address is no name to ask for (RFC 6066 §3). Left to itself, the client would ask for what stands in `Host`.
    return openTls({ ...options, servername: isIP(host) === 0 ? host : "" });
  } catch (cause) {
    throw new HttpError(400, "The request has a header field that can't be passed on", { cause });
  }
}

/** Sends head and body when the connection is there: until then the body is untouched, so that another may have it. */
async function send({ request, length }: UpstreamCall, outgoing: ClientRequest, clock: Clock): Promise<void> {
  const source = bodySource(request);
  if (source) return await sendBody(source, outgoing, length, clock);
  outgoing.end();
  clock.start();
}

/** Runs while we wait for the upstream, and not while we wait for the client. */
class HeadClock implements Clock {
  readonly #ms: number;
  readonly #onTime: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hasEnded = false;

  constructor(ms: number, onTime: () => void) {
    this.#ms = ms;
    this.#onTime = onTime;
  }

  start(): void {
    if (!this.#hasEnded) this.#timer = setTimeout(this.#onTime, this.#ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** It is not to start again. */
  end(): void {
    this.#hasEnded = true;
    this.stop();
  }
}
