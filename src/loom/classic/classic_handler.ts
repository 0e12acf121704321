/**
 * The classic loom API: POST to `/stream` or `/stream/ID` makes a stream of the request's body while it comes, GET reads
 * it from the start and follows it. Streams lie in the same store as those of the Durable Streams protocol. Both are
 * read by both: an upload of any type is kept byte by byte, and messages of `application/json` that were appended by the
 * protocol are read here as one JSON array.
 */

import type { Handler } from "../../http/handler.ts";
import { refusalOf, refuse, refuseMissing } from "./classic_answers.ts";
import { get } from "./classic_get.ts";
import { idOfPath } from "./classic_id.ts";
import { list } from "./classic_list.ts";
import { post, type PostOptions } from "./classic_post.ts";
import { StreamError } from "../stream_error.ts";
import type { StreamStore } from "../stream_store.ts";

/** Options of {@linkcode classicHandler}. */
export interface ClassicOptions extends PostOptions {
  /** Breaks off the answers that follow a stream, for shutting down. */
  readonly signal?: AbortSignal;
}

const PREFIX = "/stream";

/** Makes the handler of `/stream` and all below. */
export function classicHandler(store: StreamStore, options: ClassicOptions = {}): Handler {
  return async (request) => {
    try {
      return await answer(store, request, options);
    } catch (error) {
      return refusalOf(error);
    }
  };
}

async function answer(store: StreamStore, request: Request, options: ClassicOptions): Promise<Response> {
  const url = new URL(request.url);
  const { pathname, searchParams } = url;
  if (pathname !== PREFIX && !pathname.startsWith(`${PREFIX}/`)) return refuse(404, "There is nothing at this path");
  const id = idOfPath(pathname, PREFIX);
  switch (request.method) {
    case "POST":
      return await post(store, request, id, isSet(searchParams, "force"), options);
    case "GET":
    case "HEAD":
      return id === undefined ? list(store, searchParams) : read(store, request, id, searchParams, options);
    case "DELETE":
      if (id !== undefined) return await remove(store, id);
  }
  const allow = id === undefined ? "GET, HEAD, POST, OPTIONS" : "GET, HEAD, POST, DELETE, OPTIONS";
  if (request.method === "OPTIONS") return new Response(null, { status: 204, headers: { allow } });
  return refuse(405, `The method ${request.method} is not allowed here`, { allow });
}

function read(
  store: StreamStore,
  request: Request,
  id: string,
  parameters: URLSearchParams,
  { signal }: ClassicOptions,
): Response {
  const signals = signal ? [request.signal, signal] : [request.signal];
  return get(store, request, id, !isSet(parameters, "notail"), AbortSignal.any(signals));
}

async function remove(store: StreamStore, id: string): Promise<Response> {
  try {
    return await store.delete(id) ? new Response(null, { status: 204 }) : refuseMissing(id);
  } catch (error) {
    // It was deleted before, and is kept out of sight for its forks.
    if (error instanceof StreamError && error.code === "gone") return refuseMissing(id);
    throw error;
  }
}

/** Whether a query has a flag: `?force`, `?force=true`. */
function isSet(parameters: URLSearchParams, name: string): boolean {
  const value = parameters.get(name);
  return value !== null && value !== "false" && value !== "0";
}
