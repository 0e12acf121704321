/** What the heads of requests and answers have in common: lines of UTF-8, the last of them `name: value`. */

import { MalformedError } from "../../bytes/byte_reader.ts";
import { isFieldValue } from "../../http/field_rules.ts";
import { limits } from "../../limits.ts";
import { meshLimits } from "../limits.ts";
import { isEndToEnd } from "./passed_fields.ts";

/** Header fields: name in lower case and value in turn. */
export type RawFields = readonly string[];

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const FIELD_NAME = /^[!#$%&'*+.^_`|~\da-z-]+$/;

/** Heads are written in it, and none is left in it. */
const scratch = new Uint8Array(meshLimits.headBytes + 1);

/**
 * The bytes of a head.
 *
 * @throws {RangeError} when it is longer than a head may be
 */
export function encodeHead(text: string): Uint8Array<ArrayBuffer> {
  const { read, written } = encoder.encodeInto(text, scratch);
  if (read < text.length || written > meshLimits.headBytes) {
    throw new RangeError(`A head has more than the ${meshLimits.headBytes} bytes that are allowed`);
  }
  return scratch.slice(0, written);
}

/** @throws {MalformedError} when it is not UTF-8 */
export function decodeLines(bytes: Uint8Array): string[] {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw new MalformedError("A head is not UTF-8");
  }
  return text.split("\n");
}

/** Fields as lines, each with a line break before it. */
export function fieldLines(fields: RawFields): string {
  let lines = "";
  for (let i = 0; i < fields.length; i += 2) lines += `\n${fields[i]}: ${fields[i + 1]}`;
  return lines;
}

/**
 * The fields of a message. Those of a connection were left out by whoever sent it; where they were not, they would be taken
 * for those of the next one.
 *
 * @param keepTrailer `Trailer` is no such field, because there are some
 * @throws {MalformedError} when one is none, or there are too many
 */
export function readFields(lines: readonly string[], from: number, keepTrailer = false): string[] {
  if (lines.length - from > limits.requestFields) throw new MalformedError("A head has too many fields");
  const fields: string[] = [];
  for (let i = from; i < lines.length; i++) {
    const line = lines[i];
    const colon = line.indexOf(": ");
    const name = line.slice(0, colon);
    const value = line.slice(colon + 2);
    if (colon < 1 || !FIELD_NAME.test(name) || !isFieldValue(value)) throw new MalformedError("A field is none");
    if (isEndToEnd(name) || (keepTrailer && name === "trailer")) fields.push(name, value);
  }
  return fields;
}
