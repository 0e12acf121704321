/** Metadata of a service on the command line: `--meta.K=V`, where dots lead into objects, and `--meta JSON`. */

import type { JsonValue } from "../../registry/service.ts";
import { UsageError } from "../usage.ts";

/** Metadata by name. */
export type Metadata = Record<string, JsonValue>;

/** What is no metadata, and how it is said instead. */
const SAID_OTHERWISE: Readonly<Record<string, string>> = {
  id: "--id",
  role: "the name, as in web@1.2.3,",
  version: "the name, as in web@1.2.3,",
  host: "--host",
  port: "--port",
  range: "--range",
  check: "--check",
};
const RESERVED = new Set(["awaiting", "__proto__"]);

/**
 * Takes the flags `--meta.K=V` out of others.
 *
 * @returns all others, and the metadata
 * @throws {UsageError}
 */
export function takeMetadata(args: readonly string[]): { others: string[]; metadata: Metadata } {
  const metadata: Metadata = {};
  const others: string[] = [];
  for (const arg of args) {
    if (arg.startsWith("--meta.")) assign(metadata, arg);
    else others.push(arg);
  }
  return { others, metadata };
}

/**
 * Puts single values into metadata that were given as a whole.
 *
 * @throws {UsageError} for names that are no metadata
 */
export function mergeMetadata(whole: unknown = {}, single: Metadata): Metadata {
  if (!isObject(whole)) throw new UsageError(`Cannot use the JSON of --meta: it is an object, such as '{"zone": "a"}'`);
  const merged = merge(whole, single);
  for (const name of Object.keys(merged)) {
    if (RESERVED.has(name)) throw new UsageError(`Cannot use ${name} as a name of metadata`);
    if (Object.hasOwn(SAID_OTHERWISE, name)) {
      throw new UsageError(`Cannot set ${name} as metadata: ${SAID_OTHERWISE[name]} says it`);
    }
  }
  return merged;
}

function assign(metadata: Metadata, arg: string): void {
  const equals = arg.indexOf("=");
  const names = arg.slice("--meta.".length, equals === -1 ? undefined : equals).split(".");
  if (equals === -1 || names.some((name) => name === "" || name === "__proto__")) {
    throw new UsageError(`Cannot use ${arg}: it is --meta.NAME=VALUE, with dots in NAME for objects in objects`);
  }
  let object = metadata;
  for (const name of names.slice(0, -1)) {
    if (!Object.hasOwn(object, name)) object[name] = {};
    const inner = object[name];
    if (!isObject(inner)) throw contradiction(arg);
    object = inner;
  }
  const last = names.at(-1)!;
  if (Object.hasOwn(object, last)) throw contradiction(arg);
  object[last] = readValue(arg.slice(equals + 1));
}

function contradiction(arg: string): UsageError {
  return new UsageError(`Cannot use ${arg}: another --meta flag gives the same name another value`);
}

/** JSON where it is, and text else; a number that would lose digits is text. */
function readValue(text: string): JsonValue {
  try {
    const value = JSON.parse(text);
    return typeof value === "number" && !(Math.abs(value) <= Number.MAX_SAFE_INTEGER) ? text : value;
  } catch {
    return text;
  }
}

function merge(below: Metadata, above: Metadata): Metadata {
  const pairs = Object.entries(above).map(([name, value]): [string, JsonValue] => {
    const under = Object.hasOwn(below, name) ? below[name] : undefined;
    return [name, isObject(under) && isObject(value) ? merge(under, value) : value];
  });
  return { ...below, ...Object.fromEntries(pairs) };
}

function isObject(value: unknown): value is Metadata {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
