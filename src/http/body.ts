/** Request bodies: which are parsed, which stay streams, and how large they may be. */

import type { Source } from "../bytes/source.ts";
import { HttpError } from "../errors.ts";
import type { Claim } from "./budget.ts";
import { collectBody } from "./collect_body.ts";
import { collect, merge, noParameters, type Parameters } from "./parameters.ts";
import { type MultipartOptions, parseMultipart, type UploadedFile } from "./multipart.ts";
import { PatientSource } from "./patient_source.ts";
import { bodySource } from "./served_request.ts";

/** How to treat bodies. */
export interface BodyOptions extends MultipartOptions {
  /**
   * `all`: JSON and forms are taken apart, and refused when that fails. `small`: those that announce a length that fits in
   * memory are taken apart if that works, and no body is refused. `none`: every body stays a stream.
   */
  readonly parse: "all" | "small" | "none";
  /** Bytes of any body. */
  readonly bodyBytes: number;
  /** What bodies in memory may take of it beside those of other requests. */
  readonly memory: Claim;
  /** How long a body that has to be parsed may take to come, milliseconds; 0 for no limit. */
  readonly timeoutMs: number;
  /** Gives up reading what has to be parsed. */
  readonly signal: AbortSignal;
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
  const announced = request.headers.get("content-length");
  if (Number(announced ?? 0) > options.bodyBytes) throw tooLarge(options.bodyBytes);
  const body = bodySource(request);
  if (!body) return asIs(undefined);
  const content = bounded(body, options.bodyBytes);
  const type = parsedType(request.headers);
  if (options.parse === "none" || type === undefined) return asIs(content);
  if (options.parse === "small") {
    // curl calls all data a form: what is large, or of unknown length, is more likely meant to be streamed.
    const fits = announced !== null && Number(announced) <= options.parsedBodyBytes;
    if (!fits || type === "multipart" || isCoded(request.headers)) return asIs(content);
  }
  using parsed = new PatientSource(content, options);
  if (type === "multipart") {
    const { fields, files } = await parseMultipart(parsed, request.headers.get("content-type")!, options);
    return { ...asIs(undefined), fields, files };
  }
  if (isCoded(request.headers)) throw new HttpError(415, "Cannot parse a body with a Content-Encoding");
  const { parsedBodyBytes: max, memory } = options;
  const whole = await collectBody(parsed, { max, memory, tooLarge: () => tooLarge(max) });
  try {
    return { content: whole, files: {}, ...parse(type, whole, request.headers) };
  } catch (error) {
    if (options.parse === "all") throw error;
    return asIs(whole);
  }
}

/** A body that is not taken apart. */
function asIs(content: Body["content"]): Body {
  return { content, fields: noParameters(), files: {}, json: null };
}

function parse(type: "json" | "form", whole: Uint8Array, headers: Headers): Pick<Body, "fields" | "json"> {
  const text = decode(whole, headers);
  if (type === "form") return { fields: collect(new URLSearchParams(text)), json: null };
  const json = parseJson(text);
  if (typeof json !== "object" || json === null || Array.isArray(json)) return { fields: noParameters(), json };
  return { fields: merge(json as Record<string, unknown>), json: null };
}

function isCoded(headers: Headers): boolean {
  return (headers.get("content-encoding") ?? "identity").toLowerCase() !== "identity";
}

/** The kinds of body that can be parsed. */
function parsedType(headers: Headers): "json" | "form" | "multipart" | undefined {
  const type = (headers.get("content-type") ?? "").split(";", 1)[0].trim().toLowerCase();
  if (type === "application/json" || /^application\/[^/]+\+json$/.test(type)) return "json";
  if (type === "application/x-www-form-urlencoded") return "form";
  if (type === "multipart/form-data") return "multipart";
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
