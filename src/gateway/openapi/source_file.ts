/** One file of a document, YAML or JSON, and where in it things stand. */

import { extname } from "node:path";
import { isNode, LineCounter, parseDocument } from "yaml";
import { gatewayLimits } from "../limits.ts";
import { type Json, toPointer } from "./json.ts";
import { type NodeCount, plainTree } from "./plain_tree.ts";

/** A file. */
export interface SourceFile {
  /** How messages call it. */
  readonly name: string;
  /** Absolute, with no link in it. */
  readonly path: string;
  readonly root: Json;
  /** The line of a place, from 1; of what is not there, that of what is around it. */
  lineOf(steps: readonly string[]): number | undefined;
}

/** A place in a file, and what stands there. */
export interface Place {
  readonly file: SourceFile;
  readonly steps: readonly string[];
  readonly value: Json | undefined;
}

/** Aliases of YAML that may be followed in a file, as its parser counts them. */
const ALIASES_MAX = 1000;

const YAML = { version: "1.2", merge: true, prettyErrors: true, logLevel: "silent" } as const;

/**
 * Reads a file.
 *
 * @param count what the other files of the document take from too
 * @throws {Error} naming the file and the line
 */
export function readSource(path: string, name: string, count: NodeCount): SourceFile {
  if (![".yaml", ".yml", ".json"].includes(extname(path).toLowerCase())) {
    throw new Error(`Cannot use ${name}: its name ends in none of .yaml, .yml, .json`);
  }
  const text = readText(path, name);
  let root: Json;
  try {
    root = plainTree(isJsonFile(path) ? parseJson(text) : parseYaml(text), count);
  } catch (cause) {
    throw new Error(`Cannot use ${name}: ${messageOf(cause)}`, { cause });
  }
  return { name, path, root, lineOf: (steps) => lineOf(text, steps) };
}

function readText(path: string, name: string): string {
  const { isFile, size } = Deno.statSync(path);
  if (!isFile) throw new Error(`Cannot use ${name}: it is no file`);
  const max = isJsonFile(path) ? gatewayLimits.openapiJsonBytes : gatewayLimits.openapiYamlBytes;
  if (size > max) throw new Error(`Cannot use ${name}: it has ${size} bytes, more than ${max}`);
  const bytes = Deno.readFileSync(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error(`Cannot use ${name}: it is not in UTF-8`, { cause });
  }
}

function isJsonFile(path: string): boolean {
  return extname(path).toLowerCase() === ".json";
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (text.length <= gatewayLimits.openapiYamlBytes) parseYaml(text); // says the line too, of most mistakes
    throw cause;
  }
}

function parseYaml(text: string): unknown {
  const document = parseDocument(text, YAML);
  const [error] = document.errors;
  if (error?.code === "RESOURCE_EXHAUSTION") throw tooDeep(error);
  if (error) throw error;
  try {
    return document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (cause) {
    throw cause instanceof RangeError ? tooDeep(cause) : cause;
  }
}

/** The stack is full. */
function tooDeep(cause: Error): RangeError {
  return new RangeError("it nests too deep", { cause });
}

function messageOf(cause: unknown): string {
  // The parser shows the line itself below its message.
  return (cause instanceof Error ? cause.message : String(cause)).split("\n", 1)[0].replace(/:$/, "");
}

/** Read again for the lines: only messages need them, and they are most of what a parser has to keep. */
function lineOf(text: string, steps: readonly string[]): number | undefined {
  if (text.length > gatewayLimits.openapiYamlBytes) return undefined;
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { ...YAML, lineCounter });
  for (let length = steps.length; length >= 0; length--) {
    const node = document.getIn(steps.slice(0, length).map((step) => keyOf(step)), true);
    if (isNode(node) && node.range) return lineCounter.linePos(node.range[0]).line;
  }
  return undefined;
}

/** Numbers are keys as numbers in YAML: those of statuses. */
function keyOf(step: string): string | number {
  return /^\d{1,9}$/.test(step) ? Number(step) : step;
}

/** A place inside of another one. */
export function inside({ file, steps, value }: Place, ...further: readonly string[]): Place {
  let inner: unknown = value;
  for (const step of further) {
    const has = typeof inner === "object" && inner !== null && Object.hasOwn(inner, step);
    inner = has ? (inner as Record<string, unknown>)[step] : undefined;
  }
  return { file, steps: [...steps, ...further], value: inner as Json | undefined };
}

/** The error that says what is wrong at a place. */
export function faultAt({ file, steps }: Place, why: string): Error {
  const line = file.lineOf(steps);
  const where = `${file.name}${line === undefined ? "" : `:${line}`}`;
  return new Error(`Cannot use ${where}: ${toPointer(steps) || "the document"}: ${why}`);
}
