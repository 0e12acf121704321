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
import { arrayTexts } from "../wire/parts.ts";

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
  const known = new KnownAnswers();
  const answers: Record<string, Handler> = {
    "/services": (request) => services(request, known, options),
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

/** Short answers are the same until something changes: so are their bytes. */
class KnownAnswers {
  readonly #known = new Map<readonly Service[], Uint8Array<ArrayBuffer>>();
  #bytes = 0;

  /** Those of an answer; undefined for a long one, which each client takes at its pace. */
  get(found: readonly Service[]): Uint8Array<ArrayBuffer> | undefined {
    const known = this.#known.get(found);
    if (known) return known;
    const texts = arrayTexts(found);
    const first = texts.next().value!;
    if (first.length >= limits.registryPartChars) return undefined;
    const made = encoder.encode(first + [...texts].join("") + "\n");
    if (this.#bytes + made.byteLength > limits.registryAnswersBytes) this.#clear();
    this.#known.set(found, made);
    this.#bytes += made.byteLength;
    return made;
  }

  #clear(): void {
    this.#known.clear();
    this.#bytes = 0;
  }
}

async function services(request: Request, known: KnownAnswers, options: HubHttpOptions): Promise<Response> {
  const { catalog, signal } = options;
  const { role, waitMs, index } = readQuery(request.url, ["role", "wait", "index"]);
  if (waitMs > 0 && index === catalog.indexOf(role)) {
    await changed(catalog, role, waitMs, AbortSignal.any([signal, request.signal]));
  }
  const headers = {
    "content-type": "application/json",
    "cache-control": "no-store",
    [INDEX_FIELD]: String(catalog.indexOf(role)),
  };
  if (request.method === "HEAD") return new Response(null, { headers });
  const found = catalog.query(role);
  const bytes = known.get(found);
  return bytes ? answerWith(request, bytes, { headers }) : new Response(ReadableStream.from(lines(found)), { headers });
}

/** A long answer: what of it waits for a slow client is one part. */
function* lines(found: readonly Service[]): Generator<Uint8Array<ArrayBuffer>> {
  for (const text of arrayTexts(found)) yield encoder.encode(text);
  yield encoder.encode("\n");
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

/**
 * @param names what may be asked
 * @throws {HttpError} 400
 */
function readQuery(url: string, names: readonly string[]): Query {
  const query = new URL(url).searchParams;
  checkNames(query, names);
  const role = query.get("role") ?? undefined;
  try {
    parsePattern(role);
  } catch (cause) {
    throw new HttpError(400, (cause as Error).message, { cause });
  }
  const [, count, unit = "s"] = /^(\d{1,6})(ms|s|m)?$/.exec(query.get("wait") ?? "0s") ?? [];
  if (count === undefined) throw new HttpError(400, "wait is a time such as 30s");
  const index = query.get("index");
  if (query.has("wait") && index === null) {
    throw new HttpError(400, `wait needs the index of the answer that is known, from its ${INDEX_FIELD}`);
  }
  if (index !== null && !/^\d{1,16}$/.test(index)) throw new HttpError(400, "index is a number that an answer gave");
  const waitMs = Number(count) * { ms: 1, s: 1000, m: 60_000 }[unit]!;
  return { role, waitMs: Math.min(waitMs, limits.registryWaitMs), index: index === null ? undefined : Number(index) };
}

/** What is not known would be asked in vain, and be answered with services that were not asked for. */
function checkNames(query: URLSearchParams, names: readonly string[]): void {
  const given = [...query.keys()];
  const unknown = given.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new HttpError(
      400,
      `There is no parameter ${JSON.stringify(unknown.slice(0, 80))}: known is ${names.join(", ")}`,
    );
  }
  const twice = given.find((name, i) => given.indexOf(name) < i);
  if (twice !== undefined) throw new HttpError(400, `${twice} is given more than once`);
}

/** Server-sent events (HTML §9.2): a snapshot, then register, update and free. */
function events(request: Request, { catalog, signal, heartbeatMs }: HubHttpOptions): Response {
  const { role } = readQuery(request.url, ["role"]);
  const headers = { "content-type": "text/event-stream", "cache-control": "no-store" };
  if (request.method === "HEAD") return new Response(null, { headers });
  const ended = new AbortController();
  const following = watch(catalog, role, AbortSignal.any([signal, ended.signal]));
  let timer: ReturnType<typeof setInterval>;
  let texts: Iterator<string, void> = [].values();
  let isBetween = false; // in an event that is half sent, nothing else has a place
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      timer = setInterval(() => {
        if (isBetween && (controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(": still here\n\n"));
      }, heartbeatMs);
    },
    async pull(controller) {
      let text = texts.next().value;
      if (text === undefined) {
        isBetween = true;
        const { value, done } = await following.next();
        isBetween = false;
        if (!done) text = (texts = eventTexts(value)).next().value;
      }
      if (text !== undefined) return controller.enqueue(encoder.encode(text));
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

/** An event in parts, each made when a client has taken the one before. */
function* eventTexts(event: WatchEvent): Generator<string, void> {
  const head = `event: ${event.type}\nid: ${event.index}\ndata: `;
  if (event.type !== "snapshot") return yield `${head}${JSON.stringify(event.service)}\n\n`;
  let before = head;
  for (const text of arrayTexts(event.services)) {
    yield before + text;
    before = "";
  }
  yield "\n\n";
}
