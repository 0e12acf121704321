/** Forms as values: an object with a property for each name. */

import { Buffer } from "node:buffer";
import { HttpError } from "../../errors.ts";
import { limits } from "../../limits.ts";
import { coerce, setOwn } from "./coerce.ts";
import { type Encoding, PLAIN_ENCODING } from "./media_types.ts";
import { decodePlus, type Pairs, pairsOf } from "./pairs.ts";
import type { Shape } from "./value_shape.ts";
import { kindOf, valueInPairs } from "./written_value.ts";

/** How the fields of a form are written, by name. */
export type Encodings = ReadonlyMap<string, Encoding>;

const decodeForm = (text: string) => decodePlus(text, "form");

/**
 * The value of a body in `application/x-www-form-urlencoded`.
 *
 * @throws {HttpError} 400 when it can't be decoded
 */
export function urlencodedValue(text: string, shape: Shape, encodings: Encodings): Record<string, unknown> {
  const pairs = pairsOf(text, "form");
  const value: Record<string, unknown> = {};
  const names = new Set([...shape.names, ...pairs.keys()]);
  for (const name of names) {
    const encoding = encodings.get(name) ?? PLAIN_ENCODING;
    const found = fieldOf(pairs, name, shape.property(name), encoding);
    if (found !== undefined) setOwn(value, name, found);
  }
  return value;
}

function fieldOf(pairs: Pairs, name: string, shape: Shape, encoding: Encoding): unknown {
  const texts = pairs.get(name);
  if (isJsonField(encoding, shape)) return texts && whole(texts.map((text) => fromJson(decodeForm(text))), shape);
  if (kindOf(shape) === "primitive") return texts && whole(texts.map((text) => coerce(decodeForm(text), shape)), shape);
  const found = valueInPairs(pairs, { name, ...encoding, shape }, decodeForm, new Set());
  if (found && "value" in found) return found.value;
  return texts && whole(texts.map(decodeForm), shape); // the schema says what is wrong with it
}

/**
 * The value of a body in `multipart/form-data`. A file is a text with a character for each byte.
 *
 * @throws {HttpError} 400 when it can't be taken apart, 413 when it has too many parts
 */
export async function multipartValue(
  bytes: Uint8Array<ArrayBuffer>,
  contentType: string,
  shape: Shape,
  encodings: Encodings,
): Promise<Record<string, unknown>> {
  let form: FormData;
  try {
    form = await new Response(bytes, { headers: { "content-type": contentType } }).formData();
  } catch (cause) {
    throw new HttpError(400, "The multipart form is malformed", { cause });
  }
  const entries = [...form];
  if (entries.length > limits.formParts) throw new HttpError(413, "The multipart form has too many parts");
  const value: Record<string, unknown> = {};
  for (const name of new Set(entries.map(([name]) => name))) {
    const encoding = encodings.get(name) ?? PLAIN_ENCODING;
    const property = shape.property(name);
    const item = kindOf(property) === "array" ? property.item(0) : property;
    const parts = await Promise.all(
      form.getAll(name).map(async (part) => {
        if (typeof part !== "string") return Buffer.from(await part.arrayBuffer()).toString("latin1");
        return isJsonField(encoding, item) ? fromJson(part) : coerce(part, item);
      }),
    );
    setOwn(value, name, whole(parts, property));
  }
  return value;
}

/** What is neither text nor a list of texts is JSON, unless something else is said (OpenAPI 3.1.1 §4.8.15.1). */
function isJsonField({ contentType, isStyled }: Encoding, shape: Shape): boolean {
  if (contentType !== undefined) return /^application\/(?:.*\+)?json\b/i.test(contentType);
  return kindOf(shape) === "object" && !isStyled;
}

/** Several are a list, and one is where a list has to be. */
function whole(parts: readonly unknown[], shape: Shape): unknown {
  return parts.length > 1 || kindOf(shape) === "array" && !Array.isArray(parts[0]) ? parts : parts[0];
}

/** What is no JSON stays a text, which the schema doesn't take for an object. */
function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
