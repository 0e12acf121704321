/** Names and values in the form of a query: taken apart, but not decoded, because parts of a value are told apart before. */

import { HttpError } from "../../errors.ts";
import { limits } from "../../limits.ts";
import { pair } from "./parameter_style.ts";

/** Values as they were sent, by decoded name. */
export type Pairs = ReadonlyMap<string, readonly string[]>;

/**
 * Takes a query apart.
 *
 * @param what how messages call it
 * @throws {HttpError} 400 for what can't be decoded, and for too many
 */
export function pairsOf(text: string, what: string): Pairs {
  const pairs = new Map<string, string[]>();
  if (text === "") return pairs;
  const parts = text.split("&", limits.parameters + 1);
  if (parts.length > limits.parameters) throw new HttpError(400, `More than ${limits.parameters} parameters`);
  for (const part of parts) {
    if (part === "") continue;
    const [name, value] = pair(part);
    const decoded = decodePlus(name, what);
    const values = pairs.get(decoded);
    if (values) values.push(value);
    else pairs.set(decoded, [value]);
  }
  return pairs;
}

/**
 * Decodes what is percent-encoded.
 *
 * @throws {HttpError} 400 when it can't be
 */
export function decodePercent(text: string, what: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new HttpError(400, `The ${what} is not valid percent-encoded UTF-8`, { cause });
  }
}

/** The same of a query or a form, in which a plus is a space. */
export function decodePlus(text: string, what: string): string {
  return decodePercent(text.includes("+") ? text.replaceAll("+", " ") : text, what);
}
