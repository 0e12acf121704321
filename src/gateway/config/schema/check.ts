/** Holds data against a schema, and says what is wrong in words for people. */

import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import { nearest } from "../../../bytes/nearest.ts";
import type { Path } from "../fault.ts";
import { type JsonSchema, PATTERN_WORDS } from "./parts.ts";

/** What is wrong, and with which key. */
export interface SchemaFault {
  readonly path: Path;
  readonly message: string;
}

/** Schemas that were compiled before, which takes longer than all the rest of reading a file. */
const compiled = new WeakMap<JsonSchema, ValidateFunction>();

/** Finds all that a schema does not allow. */
export function checkSchema(schema: JsonSchema, data: unknown): readonly SchemaFault[] {
  // That the schemas are valid ones is a matter of tests.
  const options = { allErrors: true, allowUnionTypes: true, verbose: true, validateSchema: false };
  const validate = compiled.get(schema) ?? new Ajv2020(options).compile(schema);
  compiled.set(schema, validate);
  return validate(data) ? [] : validate.errors!.map((error) => toFault(error, data));
}

function toFault(error: ErrorObject, data: unknown): SchemaFault {
  const path = pathOf(error.instancePath, data);
  const { keyword, params } = error;
  if (keyword === "additionalProperties") {
    const name: string = params.additionalProperty;
    return { path: [...path, name], message: unknownSetting(name, Object.keys(error.parentSchema!.properties)) };
  }
  if (keyword === "required") return { path: [...path, params.missingProperty], message: "is missing" };
  return { path, message: WORDS[keyword]?.(error) ?? error.message! };
}

/** What to say of a key that is not known, with the one that was meant or all there are. */
export function unknownSetting(name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  return `is no setting${
    meant
      ? `; did you mean ${JSON.stringify(meant)}?`
      : `: known are ${known.filter((name) => !name.startsWith("$")).join(", ")}`
  }`;
}

/** What to say by the keyword that was broken. */
const WORDS: Readonly<Record<string, (error: ErrorObject) => string>> = {
  type: ({ data, schema }) =>
    `is ${kindOf(data, schema as string | string[])}, and has to be ${typeNames(schema as string | string[])}`,
  enum: ({ data, schema }) => notAmong(data, schema as readonly unknown[]),
  pattern: ({ data, schema }) => `is ${show(data)}, which is not ${PATTERN_WORDS[schema as string]}`,
  minimum: ({ data, schema }) => `is ${show(data)}: ${schema} is the least`,
  maximum: ({ data, schema }) => `is ${show(data)}: ${schema} is the most`,
  exclusiveMinimum: ({ data, schema }) => `is ${show(data)}, and has to be more than ${schema}`,
  minLength: () => "is empty",
  minItems: () => "is empty",
  not: ({ data }) => `is ${show(data)}, which says nothing here`,
};

/** What to say of a value that is none of some, with the one that was meant. */
export function notAmong(value: unknown, allowed: readonly unknown[]): string {
  const meant = typeof value === "string" ? nearest(value, allowed.map(String)) : undefined;
  const hint = meant ? `did you mean ${JSON.stringify(meant)}?` : `it may be ${allowed.map(show).join(", ")}`;
  return `is ${show(value)}; ${hint}`;
}

/** A value for a message: a long one is cut. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}

function kindOf(value: unknown, wanted: string | readonly string[]): string {
  // Other numbers are not shown: where a text is wanted, one may be a secret.
  if (typeof value === "number" && /integer|number/.test(String(wanted))) return String(value);
  if (value === null || value === undefined) return "empty";
  if (Array.isArray(value)) return "a list";
  if (value instanceof Date) return "a date";
  // A table of TOML has no prototype, and so no text of its own: only what is known to be plain is made one.
  if (typeof value === "boolean") return String(value);
  return { string: "a text", number: "a number", object: "a table" }[typeof value as "string"] ?? typeof value;
}

const TYPES: Readonly<Record<string, string>> = {
  string: "a text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
  array: "a list",
  object: "a table",
};

function typeNames(types: string | readonly string[]): string {
  return new Intl.ListFormat("en", { type: "disjunction" }).format([types].flat().map((type) => TYPES[type]));
}

/** A JSON pointer as a path: what is a number there depends on what it points into. */
function pathOf(pointer: string, data: unknown): Path {
  const path: (string | number)[] = [];
  let value = data;
  for (const raw of pointer.split("/").slice(1)) {
    const name = raw.replaceAll("~1", "/").replaceAll("~0", "~");
    path.push(Array.isArray(value) ? Number(name) : name);
    value = (value as Record<string, unknown>)[name];
  }
  return path;
}
