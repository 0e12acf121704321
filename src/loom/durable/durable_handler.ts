/**
 * The Durable Streams protocol 1.0 over a stream store: streams are made, appended to, read, followed and deleted at
 * their URLs, by whatever server or router carries the handler.
 */

import { HttpError } from "../../errors.ts";
import type { Handler } from "../../http/handler.ts";
import { errorResponse, problem } from "../../http/problem.ts";
import { append } from "./durable_append.ts";
import { create } from "./durable_create.ts";
import { read } from "./durable_read.ts";
import { reportFailure } from "./durable_report.ts";
import { type DurableOptions, type DurableSettings, settle } from "./durable_settings.ts";
import { describe, list, remove } from "./durable_stream.ts";
import { isReserved, parseTarget, type Target } from "./durable_target.ts";
import { streamProblem } from "./stream_answers.ts";
import { StreamError } from "../stream_error.ts";
import type { StreamStore } from "../stream_store.ts";

export type { DurableOptions } from "./durable_settings.ts";

const STREAM_METHODS = "GET, HEAD, PUT, POST, DELETE, OPTIONS";
const LIST_METHODS = "GET, HEAD, OPTIONS";
/** Fields that scripts of other origins may send. */
const ALLOWED_FIELDS = [
  ...["Content-Type", "Authorization", "If-None-Match", "If-Match", "If-Range", "Range", "Last-Event-ID"],
  ...["Stream-Seq", "Stream-TTL", "Stream-Expires-At", "Stream-Closed", "X-Stream-Metadata", "X-Stream-End"],
  ...["Stream-Forked-From", "Stream-Fork-Offset", "Stream-Fork-Sub-Offset"],
  ...["Producer-Id", "Producer-Epoch", "Producer-Seq", "Cache-Control"],
].join(", ");
const PREFLIGHT_SECONDS = 86_400;

/** Makes a handler that answers below `/v1/stream`, but for `/v1/stream/__ds`. */
export function durableHandler(store: StreamStore, options: DurableOptions = {}): Handler {
  const settings = settle(store, options);
  return async (request) => {
    try {
      return await answer(settings, request, parseTarget(request.url));
    } catch (error) {
      return refuse(settings, request, error);
    }
  };
}

function answer(settings: DurableSettings, request: Request, target: Target): Response | Promise<Response> {
  const { id, query } = target;
  if (request.method === "OPTIONS") return preflight(settings, id);
  if (isReserved(id)) throw new HttpError(404, "Nothing is at this path of the protocol's own");
  if (id === "") {
    if (request.method === "GET" || request.method === "HEAD") return list(settings, query);
    throw new HttpError(405, "The list of streams is only read", { headers: { allow: LIST_METHODS } });
  }
  switch (request.method) {
    case "GET":
      return read(settings, request, target);
    case "POST":
      return append(settings, request, id);
    case "HEAD":
      return describe(settings, id);
    case "PUT":
      return create(settings, request, target);
    case "DELETE":
      return remove(settings, id);
  }
  throw new HttpError(405, `A stream knows no ${request.method}`, { headers: { allow: STREAM_METHODS } });
}

function preflight(settings: DurableSettings, id: string): Response {
  const methods = id === "" ? LIST_METHODS : STREAM_METHODS;
  const headers = {
    ...settings.headers,
    "allow": methods,
    "access-control-allow-methods": methods,
    "access-control-allow-headers": ALLOWED_FIELDS,
    "access-control-max-age": String(PREFLIGHT_SECONDS),
  };
  return new Response(null, { status: 204, headers });
}

function refuse(settings: DurableSettings, request: Request, error: unknown): Response {
  const { headers } = settings;
  reportFailure(settings, error);
  if (error instanceof StreamError) {
    // An id whose stream lives on in its forks is taken, to whoever wants to make one.
    const status = error.code === "gone" && request.method === "PUT" ? 409 : undefined;
    return streamProblem(error, { status, headers, received: request.headers.get("producer-seq") ?? undefined });
  }
  if (error instanceof HttpError) {
    return problem(error.status, error.message, { headers: { ...headers, ...error.headers } });
  }
  const response = errorResponse(error);
  for (const name in headers) response.headers.set(name, headers[name]);
  return response;
}
