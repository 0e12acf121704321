/** The configuration of `sluice loom` in a file; the names that older configurations use for the same are taken too. */

import { Ajv2020 } from "ajv/dist/2020.js";
import { nearest } from "../../bytes/nearest.ts";
import type { Token } from "../../http/tokens.ts";
import { readDataFile } from "../data_file.ts";
import { SYNC } from "./loom_defaults.ts";
import { bytes, duration, httpUrl, origin, token } from "../values.ts";

/** What a file, or flags, set. */
export interface LoomSettings {
  readonly port?: number;
  readonly host?: string;
  readonly data?: string;
  readonly tokens?: readonly Token[];
  readonly auth?: boolean;
  readonly origins?: readonly string[];
  readonly publicUrl?: string;
  readonly sync?: typeof SYNC[number];
  readonly maxAge?: number;
  readonly maxBytes?: number;
  readonly streamQuota?: number;
  readonly quota?: number;
  readonly idle?: number;
}

const text = { type: "string", minLength: 1 };
const size = { type: ["integer", "string"], minimum: 0 };
const time = { type: "string" };

/** JSON Schema of the file. */
const SCHEMA = {
  type: "object",
  additionalProperties: false,
  properties: {
    port: { type: "integer", minimum: 0, maximum: 65535 },
    host: text,
    hostname: text,
    data: text,
    dataDir: text,
    storageDataDir: text,
    storageCompress: { type: "boolean" },
    tokens: {
      type: "array",
      items: {
        anyOf: [text, {
          type: "object",
          required: ["token"],
          additionalProperties: false,
          properties: { token: text, write: { type: "boolean" } },
        }],
      },
    },
    auth: { type: "boolean" },
    origins: { type: "array", items: text },
    publicUrl: text,
    sync: { enum: SYNC },
    maxAge: time,
    maxBytes: size,
    streamQuota: size,
    quota: size,
    idle: time,
  },
};
const KNOWN = Object.keys(SCHEMA.properties);

/** Names that mean the same; a file has one of them. */
const SYNONYMS: Record<string, keyof LoomSettings> = { hostname: "host", dataDir: "data", storageDataDir: "data" };

/** A file's content that the schema allows. */
type Document = Record<string, unknown> & { tokens?: (string | { token: string; write?: boolean })[] };

/**
 * Reads a TOML, YAML or JSON file, by its extension.
 *
 * @throws {Error} naming the file and the member that is wrong
 */
export function loadLoomFile(path: string): LoomSettings {
  const data = readDataFile(path) ?? {}; // an empty YAML file is null
  const faults = faultsOf(data);
  if (faults.length > 0) throw new Error(`Cannot use ${path}: ${faults.join("; ")}`);
  try {
    return settingsOf(data as Document);
  } catch (error) {
    throw new Error(`Cannot use ${path}: ${(error as Error).message}`, { cause: error });
  }
}

function faultsOf(data: unknown): string[] {
  const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
  if (ajv.validate(SCHEMA, data)) return [];
  const faults = ajv.errors!.filter(({ keyword }) => keyword !== "anyOf").map((error) => {
    const { instancePath, keyword, message, params } = error;
    if (keyword === "additionalProperties" && instancePath === "") return unknownSetting(params.additionalProperty);
    const more = params.additionalProperty ?? params.allowedValues?.join(", ");
    return `${instancePath.slice(1).replaceAll("/", ".") || "it"} ${message}${more ? `: ${more}` : ""}`;
  });
  return [...new Set(faults)];
}

function unknownSetting(name: string): string {
  const meant = nearest(name, KNOWN);
  return `${JSON.stringify(name)} is no setting${
    meant ? `; did you mean ${JSON.stringify(meant)}?` : `: known are ${KNOWN.join(", ")}`
  }`;
}

function settingsOf(document: Document): LoomSettings {
  if (document.storageCompress) {
    throw new Error(
      "storageCompress can't be true: streams are kept as they come; a file system that compresses does it",
    );
  }
  const settings: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(document)) {
    if (name === "storageCompress") continue;
    const ours = SYNONYMS[name] ?? name;
    if (ours in settings) throw new Error(`${name} and another name for ${ours} contradict each other: keep one`);
    settings[ours] = valueOf(name, value);
  }
  return settings;
}

function valueOf(name: string, value: unknown): unknown {
  try {
    if (name === "origins") return (value as string[]).map(origin);
    if (name === "publicUrl") return httpUrl(value as string);
    if (name === "tokens") return (value as NonNullable<Document["tokens"]>).map(tokenOf);
    const parse = { maxAge: duration, idle: duration, maxBytes: bytes, streamQuota: bytes, quota: bytes }[name];
    return parse && typeof value === "string" ? parse(value) : value;
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
  }
}

function tokenOf(entry: string | { token: string; write?: boolean }): Token {
  if (typeof entry === "string") return token(entry);
  return { token: token(entry.token).token, write: entry.write ?? true };
}
