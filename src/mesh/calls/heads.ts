/**
 * Heads of requests and answers, as they travel: lines of UTF-8, because nothing that stands in a head has a line break.
 * One text is read and written quicker than many fields with a length each.
 *
 *     request: service, version, method, URL, client's address, parameters of the path, flags; then `name: value` lines
 *     answer: status, flags; then `name: value` lines
 */

import { isIP } from "node:net";
import { MalformedError } from "../../bytes/byte_reader.ts";
import { StreamKind } from "../stream_kind.ts";
import { decodeLines, encodeHead, fieldLines, type RawFields, readFields } from "./head_lines.ts";
import { isEndToEnd } from "./passed_fields.ts";

/** What a service is asked, whoever offers it. */
export interface Question {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  /** The client's address; empty when there is none. */
  readonly client: string;
  readonly params: Readonly<Record<string, string | undefined>>;
  /** The client asks for WebSocket. */
  readonly upgrade: boolean;
  readonly fields: RawFields;
}

/** What one that offers it is asked. */
export interface RequestHead extends Question {
  /** The service, and the version that was chosen; empty for one without. */
  readonly service: string;
  readonly version: string;
}

/** What it answers. */
export interface ResponseHead {
  readonly status: number;
  /** Fields will follow the body. */
  readonly hasTrailers: boolean;
  readonly fields: RawFields;
}

/** Characters of a method (RFC 9110 §5.6.2). */
const METHOD = /^[!#$%&'*+.^_`|~\dA-Za-z-]{1,64}$/;
/** Those that the Fetch standard lets nobody make a request with, as whoever is asked may want to. */
const IMPOSSIBLE_METHOD = /^(?:connect|trace|track)$/i;
const LINES_OF_REQUEST = 7;
const LINES_OF_RESPONSE = 2;
const KIND = String.fromCharCode(StreamKind.call);

/**
 * All of a request's head but who is asked, so that it is made once for several of them.
 *
 * @throws {TypeError} when the client's address is none
 */
export function questionLines({ method, url, client, params, upgrade, fields }: Question): string {
  if (client.includes("\n")) throw new TypeError("Cannot send a request: the client's address has a line break");
  return `\n${method}\n${url}\n${client}\n${queryOf(params)}\n${upgrade ? "u" : ""}${fieldLines(fields)}`;
}

/**
 * The head for one that is asked.
 *
 * @param lines what `questionLines` has made
 * @throws {RangeError} when it is longer than a head may be
 * @throws {TypeError} when service or version have a line break
 */
export function headFor(service: string, version: string, lines: string): Uint8Array<ArrayBuffer> {
  if (service.includes("\n") || version.includes("\n")) {
    throw new TypeError("Cannot call a service: its name or its version has a line break");
  }
  return encodeHead(`${KIND}${service}\n${version}${lines}`);
}

/** @throws {MalformedError} for what is none */
export function readRequestHead(bytes: Uint8Array<ArrayBuffer>): RequestHead {
  const lines = decodeLines(bytes.subarray(1));
  if (lines.length < LINES_OF_REQUEST) throw new MalformedError("A request's head is cut off");
  const [service, version, method, url, client, params, flags] = lines;
  if (!METHOD.test(method) || IMPOSSIBLE_METHOD.test(method)) throw new MalformedError("A request has no method");
  checkUrl(url);
  if (client !== "" && isIP(client) === 0) throw new MalformedError("A client's address is none");
  const fields = readFields(lines, LINES_OF_REQUEST);
  const upgrade = method === "GET" && flags.includes("u");
  if (upgrade) fields.push("connection", "Upgrade", "upgrade", "websocket");
  return { service, version, method, url, client, params: paramsOf(params), upgrade, fields };
}

/** Whoever routes by it reads it as text: there is one way to write a URL, in which `..` leads nowhere. */
function checkUrl(text: string): void {
  const url = URL.parse(text);
  const isPlain = url !== null && url.href === text && url.username === "" && url.password === "";
  if (!isPlain || !/^https?:[^#]*$/.test(text)) throw new MalformedError("A request's URL is none");
}

/** @throws {RangeError} when it is longer than a head may be */
export function writeResponseHead({ status, hasTrailers, fields }: ResponseHead): Uint8Array<ArrayBuffer> {
  return encodeHead(`${status}\n${hasTrailers ? "t" : ""}${fieldLines(fields)}`);
}

/** @throws {MalformedError} for what is none */
export function readResponseHead(bytes: Uint8Array<ArrayBuffer>): ResponseHead {
  const lines = decodeLines(bytes);
  const [status, flags] = lines;
  if (!/^(?:101|[2-5]\d\d)$/.test(status) || flags === undefined) {
    throw new MalformedError("An answer's head has no status");
  }
  const hasTrailers = flags.includes("t");
  return { status: Number(status), hasTrailers, fields: readFields(lines, LINES_OF_RESPONSE, hasTrailers) };
}

/**
 * Fields behind a body.
 *
 * @throws {RangeError} when they are longer than a head may be
 */
export function writeTrailers(trailers: Headers): Uint8Array<ArrayBuffer> {
  const fields: string[] = [];
  trailers.forEach((value, name) => {
    if (isEndToEnd(name)) fields.push(name, value);
  });
  return encodeHead(fieldLines(fields));
}

/** @throws {MalformedError} for what is none */
export function readTrailers(bytes: Uint8Array<ArrayBuffer>): Headers {
  const fields = readFields(decodeLines(bytes), 1);
  const trailers = new Headers();
  for (let i = 0; i < fields.length; i += 2) trailers.append(fields[i], fields[i + 1]);
  return trailers;
}

function queryOf(params: Question["params"]): string {
  let query = "";
  for (const name in params) {
    const value = params[name];
    if (value !== undefined) query += `&${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
  }
  return query.slice(1);
}

function paramsOf(query: string): Record<string, string> {
  if (query === "") return {};
  const params: [string, string][] = [];
  for (const pair of query.split("&")) {
    const [name, value = ""] = pair.split("=");
    try {
      params.push([decodeURIComponent(name), decodeURIComponent(value)]);
    } catch {
      throw new MalformedError("A parameter of the path is none");
    }
  }
  return Object.fromEntries(params);
}
