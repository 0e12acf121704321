/** From a gateway's file to its config, whichever of the forms it is written in. */

import { dirname, resolve } from "node:path";
import { Languages } from "../../process/languages.ts";
import { flatendGateway } from "./flatend.ts";
import { flatendSchema } from "./flatend_schema.ts";
import type { GatewayConfig } from "./model.ts";
import { type Place, Reading, type Surroundings } from "./place.ts";
import type { RawGateway } from "./raw.ts";
import { configSchema } from "./schema.ts";
import { checkSchema } from "./schema/check.ts";
import type { JsonSchema } from "./schema/parts.ts";
import { gatewayOf } from "./settle/gateway.ts";
import { parseDocument, readText } from "./text/document.ts";
import { urocketGateway } from "./urocket.ts";
import { urocketSchema } from "./urocket_schema.ts";

/** Options of {@linkcode readConfig}. */
export interface ReadConfigOptions {
  /** Languages that programs may name. Default: the built-in ones. */
  readonly languages?: Languages;
  /** Our own variables. Default: those of the environment. */
  readonly variable?: (name: string) => string | undefined;
}

/** What a file holds besides a gateway. */
export interface Beside {
  /** Reads a member, noting all that is wrong with it, by its name. */
  readonly members: Readonly<Record<string, (place: Place, value: unknown) => void>>;
  /** Member that makes this process a hub, in which roles are looked up. */
  readonly hub: string;
  /** Member that makes it a node, through which services of the mesh are called. */
  readonly node: string;
}

/** A form that files are written in. */
interface Form {
  readonly schema: JsonSchema;
  settle(place: Place, data: unknown): GatewayConfig;
}

const OWN: Form = { schema: configSchema, settle: (place, data) => gatewayOf(place, data as RawGateway) };
const UROCKET: Form = { schema: urocketSchema, settle: urocketGateway };
const FLATEND: Form = { schema: flatendSchema, settle: flatendGateway };

/** Members that only one form has. */
const MARKS: Readonly<Record<string, Form>> = { routes: OWN, servers: OWN, paths: UROCKET, http: FLATEND };

/**
 * Reads a gateway's file: TOML, YAML or JSON by its extension, in our own form, urocket's or flatend's.
 *
 * @throws {ConfigError} with all that is wrong
 */
export function readConfig(path: string, options: ReadConfigOptions = {}): GatewayConfig {
  return parseConfig(readText(path), path, options);
}

/**
 * Reads a gateway's file that is in memory.
 *
 * @param path name of the file: its extension tells the format, and relative paths begin in its folder
 * @throws {ConfigError} with all that is wrong
 */
export function parseConfig(text: string, path: string, options: ReadConfigOptions = {}): GatewayConfig {
  const document = parseDocument(text, path);
  const reading = new Reading(document, surroundingsOf(path, options));
  const data = document.data ?? {}; // an empty YAML file is null
  return settle(reading, formOf(reading.root, data), data);
}

/**
 * Reads a file in our own form that holds more than a gateway.
 *
 * @returns undefined where it holds no gateway at all
 * @throws {ConfigError} with all that is wrong
 */
export function readConfigBeside(path: string, beside: Beside): GatewayConfig | undefined {
  const document = parseDocument(readText(path), path);
  const has = (name: string) => isTable(document.data) && Object.hasOwn(document.data, name);
  const surroundings = { ...surroundingsOf(path, {}), isHub: has(beside.hub), isNode: has(beside.node) };
  const reading = new Reading(document, surroundings);
  if (!isTable(document.data)) return settle(reading, OWN, document.data ?? {});
  const entries = Object.entries(document.data);
  const isOther = ([name]: [string, unknown]) => Object.hasOwn(beside.members, name);
  for (const [name, value] of entries.filter(isOther)) beside.members[name](reading.root.at(name), value);
  const rest = entries.filter((entry) => !isOther(entry));
  if (rest.length > 0) return settle(reading, OWN, Object.fromEntries(rest));
  if (entries.length === 0) reading.root.fault("holds nothing: add [[routes]], or another part");
  reading.check();
}

function surroundingsOf(path: string, options: ReadConfigOptions): Surroundings {
  return {
    folder: dirname(resolve(path)),
    languages: options.languages ?? new Languages(),
    variable: options.variable ?? ((name) => Deno.env.get(name)),
    isHub: false,
    isNode: false,
  };
}

function settle(reading: Reading, form: Form, data: unknown): GatewayConfig {
  for (const { path, message } of checkSchema(form.schema, data)) reading.add(path, message);
  if (form !== UROCKET) {
    for (const { path, tag } of reading.document.tags) {
      reading.add(path, `has the tag ${tag}, which only urocket's files have`);
    }
  }
  reading.check();
  const config = form.settle(reading.root, data);
  reading.check();
  return config;
}

function isTable(data: unknown): data is Readonly<Record<string, unknown>> {
  return typeof data === "object" && data !== null && !Array.isArray(data);
}

/** Told by what the file holds: no two forms share a mark. */
function formOf(place: Place, data: unknown): Form {
  const isTable = typeof data === "object" && data !== null;
  const marks = Object.keys(MARKS).filter((name) => isTable && Object.hasOwn(data, name));
  const [form, other] = new Set(marks.map((name) => MARKS[name]));
  if (other) {
    place.at(marks.at(-1)!).fault(`does not go together with ${marks[0]}: a file is in one form`);
    place.reading.check();
  }
  if (form === UROCKET) refuseOpenApi(place, data as Record<string, unknown>);
  return form ?? OWN;
}

/** As OpenAPI documents have it; YAML may take one for a number. Tables are none, and some can't be made a text. */
function isVersion(value: unknown): boolean {
  return typeof value === "number" || typeof value === "string" && /^\d/.test(value);
}

/** An OpenAPI document has paths too, and methods, but nothing to run. */
function refuseOpenApi(place: Place, { openapi, swagger, info }: Record<string, unknown>): void {
  if (info === undefined && swagger === undefined && !isVersion(openapi)) return;
  place.fault("is an OpenAPI document: a file of routes names it, as openapi.document");
  place.reading.check();
}
