/** The answer of a run: its head from the beginning of what the program writes, its body from the rest as it comes. */

import { type Chunk, concat, prepend, resume, type Source, toReadableStream } from "../bytes/source.ts";
import type { ProgramError, ProgramErrorCode } from "../errors.ts";
import { promiseTrailers } from "../http/trailers.ts";
import { ChunkedSource } from "./chunked.ts";
import { readHead } from "./response_head.ts";

/** What an answer needs of its run. */
export interface AnsweringRun {
  /** Standard output. */
  readonly stdout: Source;
  /** Who writes the head: nobody, or the program in one of two forms. */
  readonly head: "none" | "cgi" | "http";
  /** Type of an answer whose program names none. */
  readonly contentType: string;
  /** Resolves or rejects when the run is over. */
  readonly done: Promise<{ readonly error: Error | undefined }>;
  /** To be called when standard output has ended: waits for the process, and throws if it ended badly. */
  finish(): Promise<void>;
  /** Ends the run because of an error, and gives the one that it failed with: the first one wins. */
  fail(error: unknown): unknown;
  /** Says that the answer is out, and has no body that the client could miss. */
  hasAnswered(): void;
  /** Says that the client has left. */
  abandon(): void;
  /** Makes an error that tells of the program. */
  failure(code: ProgramErrorCode, message: string): ProgramError;
}

/** What is gathered for an answer in one piece. */
const WHOLE_BYTES_MAX = 64 * 1024;

/**
 * Makes the answer, as soon as its head is known.
 *
 * @param method of the request: HEAD gets no body
 * @throws {ProgramError} when the program fails before its head is out
 */
export async function answerOf(run: AnsweringRun, method: string): Promise<Response> {
  try {
    return await begin(run, method);
  } catch (error) {
    throw run.fail(error);
  }
}

async function begin(run: AnsweringRun, method: string): Promise<Response> {
  const { head: form, contentType } = run;
  const head = form === "none" ? await plainHead(run.stdout) : await readHead(run.stdout, form);
  if (!head) {
    await run.finish();
    if (form === "cgi") throw run.failure("head", "The program wrote no response head");
    return new Response(null, { headers: { "content-type": contentType, "content-length": "0" } });
  }
  const { status, headers } = head;
  if (!headers.has("content-type") && !headers.has("location")) headers.set("content-type", contentType);
  const raw = prepend([head.rest], run.stdout);
  const hasNoBody = method === "HEAD" || status === 204 || status === 205 || status === 304;
  if (head.framing === "chunked") return chunked(run, raw, { hasNoBody, status, headers });
  // An answer to HEAD tells the length it would have; 204 and 205 have none to tell (RFC 9110 §8.6).
  if (head.contentLength !== undefined && status !== 204 && status !== 205) {
    headers.set("content-length", String(head.contentLength));
  }
  if (hasNoBody) return withoutBody(run, raw, { status, headers });
  return await withBody(run, raw, { status, headers, length: head.contentLength });
}

async function plainHead(source: Source) {
  const rest = await source.read();
  return rest && { status: 200, headers: new Headers(), framing: "stream" as const, contentLength: undefined, rest };
}

/** A head that is ready to be sent. */
interface Head {
  readonly status: number;
  readonly headers: Headers;
}

async function withBody(
  run: AnsweringRun,
  source: Source,
  { status, headers, length }: Head & { readonly length: number | undefined },
): Promise<Response> {
  const { chunks, next } = readAvailable(source);
  if (next === undefined) {
    const whole = concat(chunks);
    if (length !== undefined && length !== whole.byteLength) throw lengthError(run, length);
    await run.finish();
    headers.set("content-length", String(whole.byteLength));
    return new Response(whole, { status, headers });
  }
  const first = Promise.resolve(next);
  first.catch(() => {/* the body's reader, if there ever is one, is told */});
  return new Response(stream(run, prepend(chunks, resume(first, source)), length), { status, headers });
}

function chunked(
  run: AnsweringRun,
  source: Source,
  { hasNoBody, ...head }: Head & { readonly hasNoBody: boolean },
): Response {
  const trailers = Promise.withResolvers<Headers>();
  trailers.promise.catch(() => {/* the body's reader is told of the failure */});
  const content = new ChunkedSource(source, trailers.resolve);
  run.done.then(
    ({ error }) => trailers.reject(error ?? new TypeError("The response has no trailers")),
    trailers.reject,
  );
  if (hasNoBody) return withoutBody(run, content, head);
  const response = new Response(stream(run, content, undefined), head);
  promiseTrailers(response, trailers.promise);
  return response;
}

/** An answer whose body must not be sent: the program is let run to its end all the same. */
function withoutBody(run: AnsweringRun, source: Source, head: Head): Response {
  run.hasAnswered();
  const drain = async () => {
    while (await source.read());
    await run.finish();
  };
  drain().catch((error) => void run.fail(error));
  return new Response(null, head);
}

function stream(
  run: AnsweringRun,
  source: Source,
  length: number | undefined,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let sent = 0;
  return toReadableStream({
    read: async () => {
      try {
        const chunk = await source.read();
        sent += chunk?.byteLength ?? 0;
        if (length !== undefined && (chunk ? sent > length : sent < length)) throw lengthError(run, length);
        if (!chunk) await run.finish();
        return chunk;
      } catch (error) {
        throw run.fail(error);
      }
    },
    cancel: () => run.abandon(),
  });
}

function lengthError(run: AnsweringRun, length: number): ProgramError {
  return run.failure("exit", `The program's body does not have the ${length} bytes that its head announced`);
}

/** Reads what comes without waiting; `next` is what has to be waited for, undefined when the source has ended. */
function readAvailable(source: Source): { chunks: Uint8Array<ArrayBuffer>[]; next: Chunk | Promise<Chunk> } {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for (;;) {
    const step = source.read();
    if (!(step instanceof Uint8Array) || bytes + step.byteLength > WHOLE_BYTES_MAX) return { chunks, next: step };
    chunks.push(step);
    bytes += step.byteLength;
  }
}
