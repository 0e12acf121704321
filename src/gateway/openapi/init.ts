/** A beginning for those who have a document and nothing else: a config, and for each operation a script that answers. */

import { basename, join, relative, resolve } from "node:path";
import { stringify } from "smol-toml";
import { gatewayLimits } from "../limits.ts";
import type { Answer } from "./answer.ts";
import { type OpenApiDocument, operations, readOpenApi, serverBase } from "./document.ts";
import { exampleOf } from "./example_value.ts";
import type { Json } from "./json.ts";
import { isJson } from "./media_range.ts";
import type { MediaType } from "./media_types.ts";
import type { Operation } from "./operation.ts";
import { isStubLanguage, type Stub, STUB_LANGUAGES, type StubAnswer, writeStub } from "./stub.ts";

/** Options of {@linkcode initFrom}. */
export interface InitOptions {
  /** Of the scripts, one of {@linkcode STUB_LANGUAGES}; Python by default. */
  readonly language?: string;
  /** Replace files that are there. */
  readonly force?: boolean;
}

/** The folder of the scripts, in that of the config. */
const FOLDER = "operations";

/**
 * Writes `sluice.toml`, and `operations/` with a script for each operation of a document.
 *
 * @param folder where to, which is made if it is not there
 * @returns the files that were written
 * @throws {Error} when the document can't be used, or a file is there already: then nothing is written
 */
export async function initFrom(path: string, folder: string, options: InitOptions = {}): Promise<string[]> {
  const { language = "python", force = false } = options;
  if (!isStubLanguage(language)) {
    throw new TypeError(`Cannot write scripts in ${language}: it is none of ${STUB_LANGUAGES.join(", ")}`);
  }
  const document = await readOpenApi(path);
  const all = operations(document);
  if (all.length > gatewayLimits.stubs) {
    throw new RangeError(`Cannot write ${all.length} scripts: ${gatewayLimits.stubs} at most`);
  }
  const names = new FileNames();
  const scripts = all.map((operation) => {
    const stub = writeStub(language, titleOf(operation), exampleAnswer(operation));
    return { operation, stub, name: `${FOLDER}/${names.take(operation)}${stub.extension}` };
  });
  const config = writeConfig(document, relative(resolve(folder), resolve(path)), scripts);
  const files = [{ name: "sluice.toml", text: config, mode: 0o644 }].concat(
    scripts.map(({ name, stub }) => ({ name, text: stub.source, mode: stub.source.startsWith("#!") ? 0o755 : 0o644 })),
  );
  if (!force) await refuseExisting(folder, files.map(({ name }) => name));
  await Deno.mkdir(join(folder, FOLDER), { recursive: true });
  for (const { name, text, mode } of files) {
    // A link that lies there is not followed.
    if (force) await Deno.remove(join(folder, name)).catch(passNotFound);
    await Deno.writeTextFile(join(folder, name), text, { createNew: true, mode });
  }
  return files.map(({ name }) => join(folder, name));
}

async function refuseExisting(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const there = await Deno.lstat(join(folder, name)).catch(passNotFound);
    if (there) throw new Error(`Cannot write ${join(folder, name)}: it is there already, and only force replaces it`);
  }
}

function passNotFound(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

/** A script, and what it is for. */
interface Script {
  readonly operation: Operation;
  readonly stub: Stub;
  readonly name: string;
}

function writeConfig(document: OpenApiDocument, path: string, scripts: readonly Script[]): string {
  const base = serverBase(document);
  const entries = scripts.map(({ operation, stub, name }) => {
    const run = stub.mode === undefined ? `./${name}` : { file: `./${name}`, mode: stub.mode };
    return [operation.names[0], { run }] as const;
  });
  const config = {
    openapi: {
      document: path,
      ...base === "" ? {} : { base },
      validateOut: "strict",
      operations: Object.fromEntries(entries),
    },
  };
  const head = `# Routes of ${
    basename(document.path).replace(/\p{C}/gu, " ")
  }. Start it: sluice gateway -c sluice.toml\n`;
  return `${head}listen = "127.0.0.1:8080"\n\n${stringify(config)}`;
}

function titleOf({ method, path, summary }: Operation): string {
  return `${method} ${path}${summary === undefined ? "" : `: ${summary}`}`;
}

/** An answer that means success, as the document declares it. */
function exampleAnswer({ answers, model }: Operation): StubAnswer {
  const answer = answers.find(({ status }) => status.startsWith("2")) ??
    answers.find(({ status }) => status === "default") ?? answers[0];
  const status = Number(/^\d{3}$/.exec(answer?.status ?? "")?.[0] ?? 200);
  const headers: Record<string, string> = {};
  for (const { name, required, schema } of answer?.headers ?? []) {
    if (required) {
      headers[name] = String(
        schema === undefined ? "example" : exampleOf(model, { schema, place: answer.place }, "answer"),
      );
    }
  }
  const media = mediaOf(answer);
  if (!media || status === 204 || status === 304) return { status, headers, body: undefined };
  const { type, subtype } = media.range;
  const json = isJson(media.range) || subtype === "*";
  const contentType = subtype !== "*"
    ? media.name
    : type === "*" || type === "application"
    ? "application/json"
    : `${type}/plain`;
  headers["content-type"] = contentType;
  const value: Json = exampleOf(model, media, "answer") ?? null;
  const body = json ? { json: value } : { text: typeof value === "string" ? value : JSON.stringify(value) };
  return { status, headers, body };
}

/** The type that is answered in: JSON, if it may be. */
function mediaOf(answer: Answer | undefined): MediaType | undefined {
  return answer?.contents?.find(({ range }) => isJson(range)) ?? answer?.contents?.[0];
}

/** Names of files, of which no two are the same on any file system, and none is a path. */
class FileNames {
  readonly #taken = new Set<string>();

  take({ operationId, method, path }: Operation): string {
    const words = (operationId ?? `${method.toLowerCase()} ${path}`).replace(/([a-z\d])(?=[A-Z])/g, "$1_");
    const plain = words.toLowerCase().replace(/[^a-z\d]+/g, "_").replace(/^_+|_+$/g, "").slice(0, 80) || "operation";
    let name = plain;
    for (let number = 2; this.#taken.has(name); number++) name = `${plain}_${number}`;
    this.#taken.add(name);
    return name;
  }
}
