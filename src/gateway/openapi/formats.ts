/** Formats of texts and numbers: those of JSON Schema and of OpenAPI. What else a document names means nothing to us. */

import type { Format } from "ajv";
import { fullFormats } from "ajv-formats/dist/formats.js";
import { gatewayLimits } from "../limits.ts";

/** Formats whose definitions are taken over from ajv-formats. */
const TAKEN = [
  ...["date", "time", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"],
  ...["uri", "uri-reference", "uri-template", "json-pointer", "relative-json-pointer", "regex"],
] as const;

/** The largest number of single precision. */
const FLOAT_MAX = 3.4028234663852886e38;

const OWN: Readonly<Record<string, Format>> = {
  int32: { type: "number", validate: (value: number) => Number.isInteger(value) && Math.abs(value + 0.5) < 2 ** 31 },
  // The largest can't be told from 2^63 any more.
  int64: {
    type: "number",
    validate: (value: number) => Number.isInteger(value) && value >= -(2 ** 63) && value <= 2 ** 63,
  },
  float: { type: "number", validate: (value: number) => Math.abs(value) <= FLOAT_MAX },
  double: { type: "number", validate: () => true },
  byte: (text: string) => text.length % 4 === 0 && /^[A-Za-z\d+/]*={0,2}$/.test(text),
  url: (text: string) => /^(?:https?|ftp):/i.test(text) && bounded(URL.canParse)(text),
};

/** Formats that are checked. */
export const KNOWN_FORMATS: ReadonlySet<string> = new Set([...TAKEN, ...Object.keys(OWN)]);

/** What tells whether a value has a format. */
export function formats(): Record<string, Format> {
  const taken = TAKEN.map((name): [string, Format] => [name, { type: "string", validate: bounded(tester(name)) }]);
  return { ...Object.fromEntries(taken), ...OWN };
}

function tester(name: string): (text: string) => boolean {
  const format: unknown = fullFormats[name as keyof typeof fullFormats];
  if (format instanceof RegExp) return (text) => format.test(text);
  const validate = typeof format === "function" ? format : (format as { validate: unknown }).validate;
  return validate as (text: string) => boolean;
}

/** No long text has a format: some of them take the square of its length to be told. */
function bounded(test: (text: string) => boolean): (text: string) => boolean {
  return (text) => text.length <= gatewayLimits.formatChars && test(text);
}
