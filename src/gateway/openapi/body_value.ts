/** Bodies as values that schemas speak of: JSON, forms and texts. What else there is passes as it is. */

import { isDeeper } from "../../bytes/json_depth.ts";
import { HttpError } from "../../errors.ts";
import { gatewayLimits } from "../limits.ts";
import { type Encodings, multipartValue, urlencodedValue } from "./form_value.ts";
import { isJson, type MediaRange } from "./media_range.ts";
import type { Shape } from "./value_shape.ts";

/** Kinds of bodies that have a value. */
export type BodyKind = "json" | "form" | "multipart" | "text";

/** The kind of a media type; undefined for one that is not looked into, such as streams of events and files. */
export function bodyKind(type: MediaRange): BodyKind | undefined {
  if (isJson(type)) return "json";
  if (type.type === "application" && type.subtype === "x-www-form-urlencoded") return "form";
  if (type.type === "multipart" && type.subtype === "form-data") return "multipart";
  if (type.type === "text" && type.subtype !== "event-stream") return "text";
}

/** What has to be known to make a value of bytes. */
export interface BodyFacts {
  readonly kind: BodyKind;
  readonly type: MediaRange;
  /** As it was sent. */
  readonly contentType: string;
  readonly shape: Shape;
  readonly encoding: Encodings;
}

/**
 * Makes a value of a body.
 *
 * @throws {HttpError} 400 when it is malformed, 413 when it has too many parts, 415 when it is in a charset that is not read
 */
export function bodyValue(bytes: Uint8Array<ArrayBuffer>, facts: BodyFacts): unknown {
  if (facts.kind === "multipart") return multipartValue(bytes, facts.contentType, facts.shape, facts.encoding);
  const text = decode(bytes, facts);
  if (facts.kind === "json") return parseJson(text);
  return facts.kind === "form" ? urlencodedValue(text, facts.shape, facts.encoding) : text;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function decode(bytes: Uint8Array, { type, kind }: BodyFacts): string {
  const charset = type.parameters.get("charset") ?? "utf-8";
  if (!/^(?:utf-?8|us-ascii)$/i.test(charset)) {
    throw new HttpError(415, "Cannot parse a body that is not in UTF-8");
  }
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new HttpError(400, `The body is not valid ${kind === "json" ? "JSON: it is not in " : ""}UTF-8`, { cause });
  }
}

function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new HttpError(400, "The body is not valid JSON", { cause });
  }
  // A level takes two characters.
  if (text.length > 2 * gatewayLimits.jsonDepth && isDeeper(value, gatewayLimits.jsonDepth)) {
    throw new HttpError(400, `The body nests deeper than ${gatewayLimits.jsonDepth} levels`);
  }
  return value;
}
