/** Small pieces that JSON Schemas of configuration files are made of. */

import { GO_TIME_PATTERN } from "../go_time.ts";
import { BYTES_PATTERN, DURATION_PATTERN } from "../../../bytes/quantity.ts";

/** A JSON Schema, draft 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Schemas of an object's members. */
export type Members = Readonly<Record<string, JsonSchema>>;

/** Longest time that a timer takes, milliseconds. */
export const TIMER_MS_MAX = 2 ** 31 - 1;

/** What requests are counted by. */
export const COUNTED_BY_PATTERN = "^(client|user)$";

/** A port as a text. */
export const PORT_PATTERN = "^\\d{1,5}$";

/** A member that may be switched off, and has no meaning when it is on. */
export const NEVER_TRUE: JsonSchema = { not: { const: true } };

/** Words for what a pattern takes. */
export const PATTERN_WORDS: Readonly<Record<string, string>> = {
  [DURATION_PATTERN]: 'a time such as "500ms", "90s", "5m", "12h", or a whole number of milliseconds',
  [BYTES_PATTERN]: 'a size such as "512k", "10m", "2g", or a whole number of bytes',
  [GO_TIME_PATTERN]: 'a time such as "500ms", "10s", "1m30s"',
  [PORT_PATTERN]: "a port",
  [COUNTED_BY_PATTERN]: '"client", "user", or a table with header',
};

/** A text that is not empty. */
export function text(description: string, more: JsonSchema = {}): JsonSchema {
  return { type: "string", minLength: 1, description, ...more };
}

/** Yes or no. */
export function flag(description: string, byDefault?: boolean): JsonSchema {
  return { type: "boolean", description, ...byDefault !== undefined && { default: byDefault } };
}

/** One of some words. */
export function oneOf(words: readonly string[], description: string, byDefault?: string): JsonSchema {
  return { enum: words, description, ...byDefault !== undefined && { default: byDefault } };
}

/** A whole number. */
export function count(description: string, least: number, more: JsonSchema = {}): JsonSchema {
  return { type: "integer", minimum: least, maximum: 1_000_000_000, description, ...more };
}

/** A length of time. */
export function time(description: string, more: JsonSchema = {}): JsonSchema {
  return { type: ["string", "integer"], pattern: DURATION_PATTERN, minimum: 0, description, ...more };
}

/** A number of bytes. */
export function size(description: string, more: JsonSchema = {}): JsonSchema {
  return { type: ["string", "integer"], pattern: BYTES_PATTERN, minimum: 0, description, ...more };
}

/** One text, or several. */
export function texts(description: string, more: JsonSchema = {}): JsonSchema {
  return {
    type: ["string", "array"],
    minLength: 1,
    minItems: 1,
    items: { type: "string", minLength: 1 },
    description,
    ...more,
  };
}

/** A list of one kind of thing. */
export function list(items: JsonSchema, description: string, more: JsonSchema = {}): JsonSchema {
  return { type: "array", items, description, ...more };
}

/** Members that are known, and no others. */
export function members(properties: Members, description: string, required: readonly string[] = []): JsonSchema {
  return {
    type: "object",
    properties,
    ...required.length > 0 && { required },
    additionalProperties: false,
    description,
  };
}

/** Members of any name. */
export function map(values: JsonSchema, description: string): JsonSchema {
  return { type: "object", additionalProperties: values, description };
}

/** Known members, where a simpler form of the same may stand too: keywords of each type are for that type alone. */
export function membersOr(types: readonly string[], simpler: JsonSchema, full: JsonSchema): JsonSchema {
  return { ...full, ...simpler, type: [...types, "object"] };
}

/** What is defined once. */
export function defined(name: string, description?: string): JsonSchema {
  return { $ref: `#/$defs/${name}`, ...description !== undefined && { description } };
}
