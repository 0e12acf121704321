/** What a hub answers over plain HTTP: the services, as they are now or as they come and go. */

import { HttpError } from "../../errors.ts";
import type { Handler } from "../../http/handler.ts";
import { answerWith } from "../../http/bytes_response.ts";
import { problem } from "../../http/problem.ts";
import { pathOf } from "../../http/served_request.ts";
import { limits } from "../../limits.ts";
import type { Service } from "../service.ts";
import type { Catalog } from "../table/catalog.ts";
import { parsePattern } from "../table/pattern.ts";
import { watch, type WatchEvent } from "../table/watch.ts";

/** Tells how far an answer is; a question that names it waits for what comes later. */
export const INDEX_FIELD = "registry-index";

/** What it needs of its hub. */
export interface HubHttpOptions {
  readonly catalog: Catalog;
  /** What `/health` says besides. */
  health(): Record<string, string | number>;
  readonly heartbeatMs: number;
  /** Ends what is being followed. */
  readonly signal: AbortSignal;
}

const encoder = new TextEncoder();

/** Makes the handler of `/services`, `/services/watch` and `/health`. */
export function hubHttp(options: HubHttpOptions): Handler {
  const answers: Record<string, Handler> = {
    "/services": (request) => services(request, options),
    "/services/watch": (request) => events(request, options),
    "/health": () => Response.json({ status: "ok", ...options.health() }, { headers: { "cache-control": "no-store" } }),
  };
  return (request, info) => {
    const pathname = pathOf(request.url);
    const answer = Object.hasOwn(answers, pathname) ? answers[pathname] : undefined;
    if (!answer) return problem(404, "A hub has /services, /services/watch, /health, and WebSockets at /registry");
    if (request.method === "GET" || request.method === "HEAD") return answer(request, info);
    return problem(405, "Services are registered over the WebSocket at /registry", { headers: { allow: "GET, HEAD" } });
  };
}

/** Answers are the same until something changes: so are their bytes. */
const encoded = new WeakMap<readonly Service[], Uint8Array<ArrayBuffer>>();

function encode(found: readonly Service[]): Uint8Array<ArrayBuffer> {
  const known = encoded.get(found);
  if (known) return known;
  const made = encoder.encode(JSON.stringify(found) + "\n");
  encoded.set(found, made);
  return made;
}

async function services(request: Request, { catalog, signal }: HubHttpOptions): Promise<Response> {
  const { role, waitMs, index } = readQuery(request.url);
  if (waitMs > 0 && index === catalog.indexOf(role)) {
    await changed(catalog, role, waitMs, AbortSignal.any([signal, request.signal]));
  }
  const headers = {
    "content-type": "application/json",
    "cache-control": "no-store",
    [INDEX_FIELD]: String(catalog.indexOf(role)),
  };
  return answerWith(request, encode(catalog.query(role)), { headers });
}

/** Waits for a change to what a pattern is about. */
function changed(catalog: Catalog, pattern: string | undefined, mostMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  const stop = catalog.observe(parsePattern(pattern).role, end);
  const timer = setTimeout(end, mostMs);
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  return promise.finally(() => {
    stop();
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  });
}

interface Query {
  readonly role: string | undefined;
  readonly waitMs: number;
  readonly index: number | undefined;
}

/** @throws {HttpError} 400 */
function readQuery(url: string): Query {
  const query = new URL(url).searchParams;
  const role = query.get("role") ?? undefined;
  try {
    parsePattern(role);
  } catch (cause) {
    throw new HttpError(400, (cause as Error).message, { cause });
  }
  const [, count, unit = "s"] = /^(\d{1,6})(ms|s|m)?$/.exec(query.get("wait") ?? "0s") ?? [];
  if (count === undefined) throw new HttpError(400, "wait is a time such as 30s");
  const index = query.get("index");
  if (index !== null && !/^\d{1,16}$/.test(index)) throw new HttpError(400, "index is a number that an answer gave");
  const waitMs = Number(count) * { ms: 1, s: 1000, m: 60_000 }[unit]!;
  return { role, waitMs: Math.min(waitMs, limits.registryWaitMs), index: index === null ? undefined : Number(index) };
}

/** Server-sent events (HTML §9.2): a snapshot, then register, update and free. */
function events(request: Request, { catalog, signal, heartbeatMs }: HubHttpOptions): Response {
  const { role } = readQuery(request.url);
  const headers = { "content-type": "text/event-stream", "cache-control": "no-store" };
  if (request.method === "HEAD") return new Response(null, { headers });
  const ended = new AbortController();
  const following = watch(catalog, role, AbortSignal.any([signal, ended.signal]));
  let timer: ReturnType<typeof setInterval>;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      timer = setInterval(() => {
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(": still here\n\n"));
      }, heartbeatMs);
    },
    async pull(controller) {
      const { value, done } = await following.next();
      if (!done) return controller.enqueue(encoder.encode(eventText(value)));
      clearInterval(timer);
      controller.close();
    },
    cancel() {
      clearInterval(timer);
      ended.abort();
    },
  });
  return new Response(body, { headers });
}

function eventText(event: WatchEvent): string {
  const data = event.type === "snapshot" ? event.services : event.service;
  return `event: ${event.type}\nid: ${event.index}\ndata: ${JSON.stringify(data)}\n\n`;
}
