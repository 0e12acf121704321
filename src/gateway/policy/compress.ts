/**
 * Compresses answers that are worth it, for clients that take it, and never holds a stream up: what a handler has written
 * can be read by the client before the handler writes more.
 */

import { fromReadableStream, toReadableStream } from "../../bytes/source.ts";
import { chooseCoding } from "../../http/accept_encoding.ts";
import { answerWith, fieldOf, knownBytes, plainFields, setFields } from "../../http/bytes_response.ts";
import type { Handler } from "../../http/handler.ts";
import { fieldOfRequest } from "../../http/served_request.ts";
import { keepTrailers, trailersOf } from "../../http/trailers.ts";
import { takeoverOf } from "../../http/upgrade.ts";
import { gatewayLimits } from "../limits.ts";
import { type Coding, CODINGS, compressBytes, CompressedSource } from "./compress_coder.ts";

/** Options of {@linkcode compress}. */
export interface CompressOptions {
  /** An answer that is known to be shorter is left as it is, bytes. */
  readonly bytesMin?: number;
}

/** Types that get smaller; all others are taken to be compressed already. Problem documents are too short for it. */
const COMPRESSIBLE =
  /^(?:text\/|application\/(?:json|javascript|xml|wasm|x-ndjson|jsonl|yaml|toml|rtf|graphql|x-sh|vnd\.ms-fontobject)(?:$|[\s;])|image\/(?:bmp|vnd\.microsoft\.icon|x-icon)|font\/(?:ttf|otf|collection)|(?!application\/problem\+)[^;]+\+(?:json|xml|text|yaml)(?:$|[\s;]))/i;

/** Answers without a body, with a part of one, or of another protocol. */
const NEVER = new Set([101, 204, 205, 206, 304]);

/** Fields that are about the body's bytes as they are (RFC 9530). */
const DIGESTS = ["content-digest", "repr-digest", "digest", "content-md5"];

/** Known bodies in their compressed form: a handler that answers with the same bytes again has them compressed once. */
type Known = WeakMap<Uint8Array, Map<Coding, Uint8Array<ArrayBuffer>>>;

/** Compresses what a handler answers. */
export function compress(handler: Handler, options: CompressOptions = {}): Handler {
  const known: Known = new WeakMap();
  const bytesMin = options.bytesMin ?? gatewayLimits.compressedBytesMin;
  return async (request, info) => {
    const response = await handler(request, info);
    if (response.status === 304) return vary(asItWasCompressed(request, response));
    if (!isWorthIt(response, bytesMin)) return response;
    const coding = chooseCoding(fieldOfRequest(request, "accept-encoding"), CODINGS);
    return coding ? compressed(request, response, coding, known) : vary(response);
  };
}

/** Judges an answer by itself, without its client. */
function isWorthIt(response: Response, bytesMin: number): boolean {
  if (NEVER.has(response.status) || takeoverOf(response) !== undefined) return false;
  const field = (name: string) => fieldOf(response, name);
  if (!COMPRESSIBLE.test(field("content-type") ?? "") || field("content-encoding") !== undefined) return false;
  if (/\bno-transform\b/i.test(field("cache-control") ?? "")) return false;
  if (DIGESTS.some((name) => field(name) !== undefined)) return false;
  const length = knownBytes(response)?.byteLength ?? field("content-length");
  return length === undefined || Number(length) >= bytesMin;
}

function compressed(request: Request, response: Response, coding: Coding, known: Known): Response {
  const bytes = trailersOf(response) ? undefined : knownBytes(response);
  if (bytes && bytes.byteLength <= gatewayLimits.compressedAtOnceBytes) {
    const plain = plainFields(response);
    const headers = plain ? codedFields(response, plain, coding) : codedHeaders(response, coding);
    return answerWith(request, compressOnce(bytes, coding, known), { status: response.status, headers });
  }
  const { status, statusText, body } = response;
  const init = { status, statusText, headers: codedHeaders(response, coding) };
  if (request.method === "HEAD") {
    body?.cancel();
    return new Response(null, init);
  }
  if (!body) return vary(response);
  const coded = new Response(toReadableStream(new CompressedSource(fromReadableStream(body), coding)), init);
  return keepTrailers(coded, response);
}

function compressOnce(bytes: Uint8Array<ArrayBuffer>, coding: Coding, known: Known): Uint8Array<ArrayBuffer> {
  const forms = known.get(bytes) ?? new Map<Coding, Uint8Array<ArrayBuffer>>();
  known.set(bytes, forms);
  const form = forms.get(coding) ?? compressBytes(bytes, coding);
  forms.set(coding, form);
  return form;
}

/** Fields that are about the body as it was; a part of what we make on the way can't be had. */
const DROPPED = ["content-length", "accept-ranges"];

function codedFields(response: Response, plain: Readonly<Record<string, string>>, coding: Coding) {
  const fields: Record<string, string> = {};
  for (const name in plain) if (!DROPPED.includes(name)) fields[name] = plain[name];
  return Object.assign(fields, changes(response, coding));
}

function codedHeaders(response: Response, coding: Coding): Headers {
  const headers = new Headers(response.headers);
  const changed = changes(response, coding);
  for (const name in changed) headers.set(name, changed[name]);
  for (const name of DROPPED) headers.delete(name);
  return headers;
}

function changes(response: Response, coding: Coding): Record<string, string> {
  const etag = fieldOf(response, "etag");
  const changed: Record<string, string> = { "content-encoding": coding, vary: varied(response) };
  // The bytes are others each time a library changes: what is the same is what they mean (RFC 9110 §8.8.1).
  if (etag !== undefined) changed.etag = weakened(etag);
  return changed;
}

function weakened(etag: string): string {
  return etag.startsWith("W/") ? etag : `W/${etag}`;
}

/** The client asked with the tag that we had weakened: a cache finds what it has by it (RFC 9111 §4.3.4). */
function asItWasCompressed(request: Request, response: Response): Response {
  const etag = fieldOf(response, "etag");
  const asked = fieldOfRequest(request, "if-none-match");
  return etag !== undefined && asked?.includes(weakened(etag))
    ? setFields(response, { etag: weakened(etag) })
    : response;
}

function vary(response: Response): Response {
  const field = varied(response);
  return field === fieldOf(response, "vary") ? response : setFields(response, { vary: field });
}

/** `Vary`, with what we look at among it. */
function varied(response: Response): string {
  const field = fieldOf(response, "vary") ?? "";
  const names = field.toLowerCase().split(",").map((name) => name.trim());
  if (names.includes("*") || names.includes("accept-encoding")) return field;
  return field === "" ? "Accept-Encoding" : `${field}, Accept-Encoding`;
}
