/** How an answer goes out on node:http: in one piece where its body is known, else at the pace of its reader. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { Buffer } from "node:buffer";
import { clearImmediate, setImmediate } from "node:timers";
import { type Chunk, fromReadableStream, type Source } from "../bytes/source.ts";
import { knownBytes, plainFields } from "./bytes_response.ts";
import { trailersOf } from "./trailers.ts";

/** What became of an answer. */
export interface Sent {
  /** All of it went out. */
  readonly complete: boolean;
  /** Bytes of its body that did. */
  readonly bytes: number;
}

/** A known body is handed on in pieces of this size, so that a client that takes nothing of it is noticed. */
const PIECE_BYTES = 64 * 1024;

/** To copy a larger chunk costs more than it saves. */
const FRAMED_BYTES_MAX = 16 * 1024;

/** Fields that mean something before the body only (RFC 9110 §6.5.1). */
const FORBIDDEN_TRAILERS = new Set([
  ...[
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
  ],
  ...["host", "location", "set-cookie", "te", "trailer", "transfer-encoding", "upgrade", "www-authenticate"],
]);

/**
 * Sends an answer. It never rejects: a body that breaks ends the connection, so that it shows.
 *
 * @param stallMs how long a client may take nothing of it
 */
export async function sendResponse(
  response: Response,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  stallMs: number,
): Promise<Sent> {
  const isHead = incoming.method === "HEAD";
  const sent = { complete: false, bytes: 0 };
  let content: Source | undefined;
  try {
    // Trailers need chunked coding, which HTTP/1.0 and answers without a body have not.
    const trailers = incoming.httpVersion === "1.1" && !isHead ? trailersOf(response) : undefined;
    const whole = trailers ? undefined : knownBytes(response);
    if (whole && (isHead || whole.byteLength <= PIECE_BYTES)) return sendAtOnce(response, whole, isHead, outgoing);
    if (!whole && !trailers && response.body === null) return sendAtOnce(response, undefined, isHead, outgoing);
    content = whole ? pieces(whole) : response.body ? fromReadableStream(response.body) : undefined;
    outgoing.writeHead(response.status, rawHeaders(response, trailers !== undefined, whole?.byteLength));
    if (content && !isHead) await pump(content, outgoing, sent, stallMs);
    else content?.cancel();
    if (trailers) outgoing.addTrailers([...await trailers].filter(([name]) => !FORBIDDEN_TRAILERS.has(name)));
    outgoing.end();
    sent.complete = true;
  } catch (error) {
    content?.cancel(error);
    // To HTTP/1.0 the end of the connection is the end of the body: only a reset says that something is missing.
    if (incoming.httpVersion === "1.0") incoming.socket.resetAndDestroy();
    else outgoing.destroy();
  }
  return sent;
}

/** Most answers: one write to the socket, and nothing to wait for. */
function sendAtOnce(
  response: Response,
  body: Uint8Array | undefined,
  isHead: boolean,
  outgoing: ServerResponse,
): Sent {
  if (outgoing.destroyed) return { complete: false, bytes: 0 };
  // An answer to HEAD that has no body does not know the one that GET would have.
  const length = body?.byteLength ?? (isHead ? undefined : 0);
  outgoing.writeHead(response.status, rawHeaders(response, false, length));
  if (isHead || !body) outgoing.end();
  else outgoing.end(body);
  return { complete: true, bytes: isHead ? 0 : length ?? 0 };
}

/** Statuses whose answers have no body, and no length of one (RFC 9110 §8.6). */
const BODILESS = new Set([204, 304]);

/** Fields of a connection (RFC 9110 §7.6.1): a handler that passes an answer on gives those of another one than ours. */
const CONNECTION_FIELDS = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding"]);

/** Name and value in turn, with a length if one is known and the handler told none. */
function rawHeaders(response: Response, hasTrailers: boolean, length: number | undefined): string[] {
  const raw: string[] = [];
  let needsLength = length !== undefined && !BODILESS.has(response.status);
  const add = (value: string, name: string) => {
    if (name === "trailer" && !hasTrailers) return;
    if (CONNECTION_FIELDS.has(name) && value.toLowerCase() !== "close") return;
    if (name === "content-length") needsLength = false;
    raw.push(name, value);
  };
  const fields = plainFields(response);
  if (fields) { for (const name in fields) add(fields[name], name); }
  else response.headers.forEach(add); // to iterate costs five times as much
  if (needsLength) raw.push("content-length", String(length));
  return raw;
}

function pieces(whole: Uint8Array<ArrayBuffer>): Source {
  let at = 0;
  return {
    read: () => at < whole.byteLength ? whole.subarray(at, at += PIECE_BYTES) : undefined,
    cancel: () => void (at = whole.byteLength),
  };
}

async function pump(
  content: Source,
  outgoing: ServerResponse,
  sent: { bytes: number },
  stallMs: number,
): Promise<void> {
  for (let chunk = await firstChunk(content, outgoing); chunk; chunk = await content.read()) {
    sent.bytes += chunk.byteLength;
    if (!write(outgoing, chunk) && !await drained(outgoing, stallMs)) throw new Error("The client has left");
  }
}

/**
 * Writes a chunk of a body. Where it goes out in chunked coding, node:http would hand length, bytes and line end to the
 * socket one by one; as one piece they take half the time, which is most of the cost of a small one.
 */
function write(outgoing: ServerResponse, chunk: Uint8Array): boolean {
  if (!outgoing.headersSent || !outgoing.chunkedEncoding || chunk.byteLength > FRAMED_BYTES_MAX) {
    return outgoing.write(chunk);
  }
  const length = chunk.byteLength.toString(16) + "\r\n";
  const framed = Buffer.allocUnsafe(length.length + chunk.byteLength + 2);
  framed.write(length, 0, "latin1");
  framed.set(chunk, length.length);
  framed.write("\r\n", framed.byteLength - 2, "latin1");
  outgoing.chunkedEncoding = false; // it is coded already
  const hasRoom = outgoing.write(framed);
  outgoing.chunkedEncoding = true;
  return hasRoom;
}

/** Reads the beginning of a body. When it does not come at once, the head goes out ahead of it. */
async function firstChunk(content: Source, outgoing: ServerResponse): Promise<Chunk> {
  const first = content.read();
  if (!(first instanceof Promise)) return first;
  const flush = setImmediate(() => outgoing.flushHeaders());
  try {
    return await first;
  } finally {
    clearImmediate(flush);
  }
}

/** Waits for room; false when the client has left, or takes nothing for too long. */
function drained(outgoing: ServerResponse, stallMs: number): Promise<boolean> {
  if (outgoing.destroyed) return Promise.resolve(false);
  return new Promise((resolve) => {
    const end = (room: boolean) => {
      clearTimeout(stalled);
      outgoing.off("drain", onDrain);
      outgoing.off("close", onClose);
      resolve(room);
    };
    const onDrain = () => end(true);
    const onClose = () => end(false);
    const stalled = setTimeout(onClose, stallMs);
    outgoing.on("drain", onDrain);
    outgoing.on("close", onClose);
  });
}
