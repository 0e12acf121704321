/**
 * Keeps a service's answers as streams while they flow: whoever lost the connection, or comes later, reads them from the
 * store. The slower of client and store sets the pace; a client that has left no longer counts.
 */

import { fromReadableStream, type Source, toReadableStream } from "../bytes/source.ts";
import type { Handler } from "../http/handler.ts";
import { keepTrailers } from "../http/trailers.ts";
import { idField, newStreamId } from "./classic/classic_id.ts";
import { toStoredType } from "./classic/classic_type.ts";
import { Fate, Recording } from "./recording.ts";
import { StreamError } from "./stream_error.ts";
import type { StreamInfo, StreamStore } from "./stream_store.ts";

/** Options of {@linkcode record}. */
export interface RecordOptions {
  /** The id of the stream that keeps the answer to a request. Default: one that nobody can guess. */
  readonly id?: (request: Request) => string;
  /**
   * What becomes of an answer whose client has left: it is recorded to its end, and the service does not learn that the
   * client left; or it is given up, and the stream ends as aborted. Default: `continue`.
   */
  readonly onLeave?: "continue" | "abort";
  /** Takes what kept an answer from being recorded, whole or in part. The client gets its answer all the same. */
  readonly onError?: (error: unknown, request: Request) => void;
  /** Gives up the answers whose clients have left, for shutting down. */
  readonly signal?: AbortSignal;
}

/** Header fields of an answer without which its bytes can't be understood. */
const KEPT_FIELDS = ["content-encoding", "content-language", "content-disposition", "last-modified", "location"];

/**
 * Wraps a handler so that the body of each answer is kept as a stream, which `X-Stream-Id` names. Its metadata tell
 * status, method, path and header fields. Answers without a body, and those to HEAD, are not recorded.
 *
 * @param handler gives the answers
 * @param store keeps them
 * @returns a handler that gives the same answers
 *
 * @example Read an answer again
 * ```ts
 * import { openMemoryLoom, record } from "@sluice/sluice";
 *
 * await using loom = await openMemoryLoom();
 * const handler = record(() => new Response("hello"), loom, { id: () => "answer" });
 * const response = await handler(new Request("http://localhost/"));
 * console.log(await response.text()); // hello
 * const { bytes } = await loom.read("answer", 0, 1024);
 * console.log(new TextDecoder().decode(bytes)); // hello
 * ```
 */
export function record(handler: Handler, store: StreamStore, options: RecordOptions = {}): Handler {
  const over = options.onLeave === "abort" ? AbortSignal.abort() : options.signal;
  return async (request, info) => {
    const fate = new Fate(over);
    request.signal.addEventListener("abort", () => fate.leave(), { once: true });
    const response = await handler(withSignal(request, fate.lost), info);
    if (!response.body || request.method === "HEAD") return response;
    const tell = (error: unknown) => options.onError?.(error, request);
    let stream: StreamInfo;
    try {
      stream = await open(store, request, response, options);
    } catch (error) {
      tell(error);
      return response;
    }
    return withBody(response, new Recording(fromReadableStream(response.body), store, stream, fate, tell), stream.id);
  };
}

/** Makes the stream. */
async function open(
  store: StreamStore,
  request: Request,
  response: Response,
  { id = newStreamId }: RecordOptions,
): Promise<StreamInfo> {
  const { pathname } = new URL(request.url);
  const headers = Object.fromEntries(
    KEPT_FIELDS.flatMap((name) => response.headers.has(name) ? [[name, response.headers.get(name)]] : []),
  );
  const name = id(request);
  const { stream, created } = await store.create(name, {
    upload: true,
    contentType: toStoredType(response.headers.get("content-type")),
    metadata: { status: response.status, method: request.method, path: pathname, headers },
  });
  if (!created) throw new StreamError("exists", `The stream ${name} exists, and keeps another answer`);
  return stream;
}

/** The same request for a handler that learns of the answer's fate, not of its client's. */
function withSignal(request: Request, signal: AbortSignal): Request {
  const { url, method, headers, body } = request;
  return new Request(url, { method, headers, body, signal, duplex: "half" } as RequestInit);
}

/** The same answer with another body, and the id of the stream. */
function withBody(response: Response, body: Source, id: string): Response {
  const { status, statusText } = response;
  const headers = new Headers(response.headers);
  headers.set("x-stream-id", idField(id));
  const recorded = new Response(toReadableStream(body), { status, statusText, headers });
  return keepTrailers(recorded, response);
}
