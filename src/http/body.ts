/** Request bodies: which are parsed, which stay streams, and how large they may be. */

import { concat, fromReadableStream, prepend, type Source } from "../bytes/source.ts";
import { HttpError } from "../errors.ts";
import { collect, merge, noParameters, type Parameters } from "./parameters.ts";
import { parseMultipart, type UploadedFile } from "./multipart.ts";

/** How to treat bodies. */
export interface BodyOptions {
  /**
   * `all`: JSON and forms are taken apart, and refused when that fails. `small`: only those that fit in memory, while
   * larger ones and multipart forms stay streams. `none`: every body stays a stream.
   */
  readonly parse: "all" | "small" | "none";
  /** Bytes of any body. */
  readonly bodyBytes: number;
  /** Bytes of a body that is held in memory to be parsed. */
  readonly parsedBodyBytes: number;
  /** Bytes of all files of a multipart form. */
  readonly formFilesBytes: number;
  /** Gives a private directory for the files of a form; called only when there are some. */
  readonly directory: () => Promise<string>;
}

/** A body, ready for a program. */
export interface Body {
  /** What goes to standard input: bytes that are here already, a stream, or nothing. */
  readonly content: Uint8Array<ArrayBuffer> | Source | undefined;
  /** The fields of a form, or of a JSON object. */
  readonly fields: Parameters;
  /** The files of a multipart form. */
  readonly files: Record<string, UploadedFile | UploadedFile[]>;
  /** Parsed JSON that is no object, else null. */
  readonly json: unknown;
}

/** Levels of nesting in JSON: deeper is an attack on the parsers of the languages behind us. */
const JSON_DEPTH_MAX = 128;

/**
 * Reads a request's body as far as it has to be read before a program can start.
 *
 * @throws {HttpError} 400 malformed, 413 too large, 415 in a coding or charset that can't be parsed
 */
export async function readBody(request: Request, options: BodyOptions): Promise<Body> {
  const empty: Body = { content: undefined, fields: noParameters(), files: {}, json: null };
  const announced = Number(request.headers.get("content-length") ?? 0);
  if (announced > options.bodyBytes) throw tooLarge(options.bodyBytes);
  if (!request.body) return empty;
  const content = bounded(fromReadableStream(request.body), options.bodyBytes);
  const type = parsedType(request.headers);

  if (options.parse === "none" || type === undefined) return { ...empty, content };
  if (type === "multipart") {
    if (options.parse === "small") return { ...empty, content };
    const form = await parseMultipart(content, request.headers.get("content-type")!, options);
    return { ...empty, fields: form.fields, files: form.files };
  }
  const coded = (request.headers.get("content-encoding") ?? "identity").toLowerCase() !== "identity";
  if (coded && options.parse === "all") throw new HttpError(415, "Cannot parse a body with a Content-Encoding");
  if (coded) return { ...empty, content };

  const { whole, rest } = await readUpTo(content, options.parsedBodyBytes);
  if (rest && options.parse === "all") {
    content.cancel();
    throw tooLarge(options.parsedBodyBytes);
  }
  if (rest) return { ...empty, content: rest };
  const text = decode(whole, request.headers);
  if (type === "form") return { ...empty, content: whole, fields: collect(new URLSearchParams(text)) };
  const json = parseJson(text);
  if (typeof json === "object" && json !== null && !Array.isArray(json)) {
    return { ...empty, content: whole, fields: merge(json as Record<string, unknown>) };
  }
  return { ...empty, content: whole, json };
}

/** The kinds of body that can be parsed. */
function parsedType(headers: Headers): "json" | "form" | "multipart" | undefined {
  const type = (headers.get("content-type") ?? "").split(";", 1)[0].trim().toLowerCase();
  if (type === "application/json" || /^application\/[^/]+\+json$/.test(type)) return "json";
  if (type === "application/x-www-form-urlencoded") return "form";
  if (type === "multipart/form-data") return "multipart";
}

/** Reads all when it is at most `limit` bytes; otherwise gives a source of everything, what was read included. */
async function readUpTo(
  source: Source,
  limit: number,
): Promise<{ whole: Uint8Array<ArrayBuffer>; rest?: undefined } | { whole?: undefined; rest: Source }> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let total = 0;
  for (;;) {
    const chunk = await source.read();
    if (chunk === undefined) return { whole: concat(chunks) };
    chunks.push(chunk);
    total += chunk.byteLength;
    if (total > limit) return { rest: prepend(chunks, source) };
  }
}

/** A source that fails with 413 once it has given more than `max` bytes. */
function bounded(source: Source, max: number): Source {
  if (max === Infinity) return source;
  let total = 0;
  return {
    async read() {
      const chunk = await source.read();
      total += chunk?.byteLength ?? 0;
      if (total > max) {
        source.cancel();
        throw tooLarge(max);
      }
      return chunk;
    },
    cancel: (reason) => source.cancel(reason),
  };
}

function decode(bytes: Uint8Array, headers: Headers): string {
  const charset = /;\s*charset="?([^\s;"]+)/i.exec(headers.get("content-type") ?? "")?.[1] ?? "utf-8";
  if (!/^(utf-?8|us-ascii)$/i.test(charset)) throw new HttpError(415, "Cannot parse a body that is not in UTF-8");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new HttpError(400, "The body is not valid UTF-8", { cause });
  }
}

function parseJson(text: string): unknown {
  if (text.trim() === "") return null; // clients send the type with no body, and mean none
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new HttpError(400, "The body is not valid JSON", { cause });
  }
  if (isDeeper(value, JSON_DEPTH_MAX)) throw new HttpError(400, `The body nests deeper than ${JSON_DEPTH_MAX} levels`);
  return value;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

function tooLarge(max: number): HttpError {
  return new HttpError(413, `The body is larger than ${max} bytes`);
}
