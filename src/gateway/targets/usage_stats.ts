/**
 * Tells a client what its process used, in urocket's field and in `Server-Timing`. What a process used is known when it has
 * ended, so an answer is held back until then, as far as that is short; what is longer tells it in trailers.
 */

import { concat, fromReadableStream, prepend, resume, type Source, toReadableStream } from "../../bytes/source.ts";
import { answerWith, fieldOf, setFields } from "../../http/bytes_response.ts";
import type { Handler } from "../../http/handler.ts";
import { keepTrailers, promiseTrailers, trailersOf } from "../../http/trailers.ts";
import type { ResourceUsage } from "../../process/launcher.ts";
import { gatewayLimits } from "../limits.ts";

/** What is told of a process; reports of both kinds of program fit. */
export interface EndedProcess {
  readonly requestId: string;
  readonly usage: ResourceUsage | undefined;
  readonly durationMs: number;
}

/** Processes of one route, and the answers that wait to tell of them. */
export class UsageStats {
  /** By request, until it has ended and its answer has told of it. */
  readonly #processes = new Map<string, PromiseWithResolvers<EndedProcess>>();

  /** To be told of each process that has started. */
  started({ requestId }: Pick<EndedProcess, "requestId">): void {
    this.#processes.set(requestId, Promise.withResolvers());
    // Nobody asks for those whose client has left.
    if (this.#processes.size > gatewayLimits.statsProcesses) {
      this.#processes.delete(this.#processes.keys().next().value!);
    }
  }

  /** To be told of each that has ended. */
  ended(report: EndedProcess): void {
    this.#processes.get(report.requestId)?.resolve(report);
  }

  /** Makes answers tell. */
  tell(handler: Handler): Handler {
    return async (request, info) => {
      const response = await handler(request, info);
      const known = this.#take(fieldOf(response, "x-request-id"));
      if (!known) return response; // no process was started
      const held = new HeldBody(response.body ? fromReadableStream(response.body) : undefined);
      const late = delay(gatewayLimits.statsHoldMs);
      const isWhole = await Promise.race([held.collect(), late.promise.then(() => false)]);
      const report = isWhole ? await Promise.race([known, late.promise]) : undefined;
      late.clear();
      if (!isWhole) return withTrailers(response, held.stream(), known);
      const answer = whole(request, response, held);
      return report ? setFields(answer, fieldsOf(report)) : answer;
    };
  }

  #take(requestId: string | undefined): Promise<EndedProcess> | undefined {
    const found = requestId === undefined ? undefined : this.#processes.get(requestId);
    found?.promise.then(() => this.#processes.delete(requestId!));
    return found?.promise;
  }
}

/** The begin of a body, which may be all of it, and the rest. */
class HeldBody {
  readonly #source: Source | undefined;
  readonly #chunks: Uint8Array<ArrayBuffer>[] = [];
  #reading: ReturnType<Source["read"]> | undefined;
  #isGivenOn = false;

  constructor(source: Source | undefined) {
    this.#source = source;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return concat(this.#chunks);
  }

  /** Reads until the end, or until it holds as much as it may. @returns whether that was all */
  async collect(): Promise<boolean> {
    let bytes = 0;
    while (this.#source && bytes <= gatewayLimits.statsHoldBytes) {
      this.#reading = this.#source.read();
      const chunk = await this.#reading;
      if (this.#isGivenOn) return false;
      this.#reading = undefined;
      if (!chunk) return true;
      this.#chunks.push(chunk);
      bytes += chunk.byteLength;
    }
    return !this.#source;
  }

  /** What was read and what comes. To be called when nobody collects any more, or the collecting takes too long. */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.#isGivenOn = true;
    return toReadableStream(prepend(this.#chunks, resume(this.#reading, this.#source!)));
  }
}

function whole(request: Request, response: Response, held: HeldBody): Response {
  const { status, headers } = response;
  if (request.method === "HEAD" || response.body === null) return new Response(null, { status, headers });
  headers.delete("content-length");
  const made = answerWith(request, held.bytes, { status, headers });
  return keepTrailers(made, response);
}

function withTrailers(
  response: Response,
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  known: Promise<EndedProcess>,
): Response {
  const { status, headers } = response;
  const made = new Response(body, { status, headers });
  const own = trailersOf(response);
  const late = delay(gatewayLimits.statsHoldMs);
  promiseTrailers(
    made,
    (async () => {
      const trailers = new Headers(await own);
      const report = await Promise.race([known, late.promise]);
      late.clear();
      for (const [name, value] of Object.entries(report ? fieldsOf(report) : {})) trailers.set(name, value);
      return trailers;
    })(),
  );
  return made;
}

/** The fields that tell what a process used. */
function fieldsOf({ usage, durationMs }: EndedProcess): Record<string, string> {
  const total = `total;dur=${rounded(durationMs)}`;
  if (!usage) return { "server-timing": total };
  const { userMs, systemMs, maxRssBytes } = usage;
  return {
    "urocket-stats": `ResourceUsage { utime: ${time(userMs)}, stime: ${time(systemMs)}, maxrss: ${maxRssBytes} }`,
    "server-timing": `user;dur=${rounded(userMs)}, system;dur=${rounded(systemMs)}, ${total}`,
  };
}

/** A time as urocket writes it, but for microseconds, whose sign is none of ASCII. */
function time(ms: number): string {
  if (ms === 0) return "0ns";
  return ms >= 1000 ? `${rounded(ms / 1000)}s` : `${rounded(ms)}ms`;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function delay(ms: number): { readonly promise: Promise<undefined>; clear(): void } {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), ms);
  return { promise, clear: () => clearTimeout(timer) };
}
