/**
 * What the parser makes nothing of, answered: a problem document, and the end of the connection. Where a next request might
 * begin, nobody can tell.
 */

import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { accessOf } from "./access.ts";
import type { Connection } from "./connections.ts";
import { problem } from "./problem.ts";
import type { Front } from "./serve_options.ts";
import { take } from "./turns.ts";

/** How long a client that still sends is let, so that it gets to read its answer. */
const LINGER_MS = 1000;

/** An answer in short. */
export interface Refusal {
  readonly status: number;
  readonly detail: string;
}

/** Where node:http finds the answer that a connection carries. */
type Carrying = Socket & { readonly _httpMessage?: ServerResponse | null };

/**
 * What a client is told of an error on its connection.
 *
 * @returns undefined when nobody is there to be told
 */
export function refusalOf({ code = "" }: Error & { readonly code?: string }, front: Front): Refusal | undefined {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return { status: 431, detail: `The request's head is longer than ${front.requestHeadBytes} bytes` };
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return { status: 408, detail: `The request's head did not come within ${front.requestHeadMs} ms` };
    case "HPE_INVALID_EOF_STATE":
      return { status: 400, detail: "The request ended before it was whole" };
    default:
      return code.startsWith("HPE_") ? { status: 400, detail: "The request is malformed" } : undefined;
  }
}

/** Answers bytes that are no request, when those before have had their answers. */
export function refuse(front: Front, refusal: Refusal, connection: Connection, socket: Socket): void {
  // The parser is given back and may serve another connection by now: it must not be fed, nor be told of an end.
  socket.removeAllListeners("data").removeAllListeners("end");
  if (connection.isEnding) return;
  if (isBroken(connection.incoming)) {
    if (connection.waiting.length === 0) return breakOff(refusal, connection, socket);
    connection.waiting.pop(); // it waits for its turn, and will never be whole
  }
  answerLast(front, refusal, connection, socket);
}

/**
 * Answers in place of a handler. It is the last answer of its connection.
 *
 * @param incoming the request, where one is known
 */
export function answerLast(
  front: Front,
  refusal: Refusal,
  connection: Connection,
  socket: Socket,
  incoming?: IncomingMessage,
): void {
  const started = performance.now();
  const run = async () => {
    const { head, body } = await write(refusal);
    const complete = socket.writable;
    socket.end(head + body);
    linger(socket);
    const bytes = complete ? body.length : 0;
    const remoteAddress = connection.address.hostname;
    const { status } = refusal;
    const ending = { status, bytes, complete, started, requestBytes: 0, remoteAddress, response: undefined };
    front.onAccess?.(accessOf(incoming, ending), undefined);
  };
  take({ run, outgoing: undefined }, connection, socket);
  connection.isEnding = true;
  socket.resume(); // or nobody would notice that the client has left
}

/** True while a request's body is still to come. */
function isBroken(incoming: IncomingMessage | undefined): boolean {
  return incoming !== undefined && !incoming.complete;
}

/** The handler has the request already. It is told by the end of its connection, the client by an answer if there is none. */
function breakOff(refusal: Refusal, connection: Connection, socket: Carrying): void {
  connection.isEnding = true;
  const answer = socket._httpMessage;
  if (answer?.headersSent || !socket.writable) return void socket.destroy();
  connection.brokenWith = refusal.status;
  write(refusal).then(({ head, body }) => {
    if (answer?.headersSent) return void socket.destroy(); // the handler was quicker
    socket.write(head + body);
    socket.destroySoon();
  });
}

async function write({ status, detail }: Refusal): Promise<{ head: string; body: string }> {
  const response = problem(status, detail, { headers: { connection: "close", date: new Date().toUTCString() } });
  const body = await response.text();
  const fields = [...response.headers, ["content-length", String(body.length)]];
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return { head: `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines}\r\n`, body };
}

/** A connection that is closed while its client sends is reset, and what was sent to it may be lost. */
function linger(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once("close", () => clearTimeout(timer));
  socket.resume();
}
