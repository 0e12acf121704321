/** Programs run warm and cold, for tests that the one is as good as the other. */

import { AssertionError, deepEqual } from "node:assert/strict";
import { join } from "node:path";
import {
  type ExitReport,
  Languages,
  program,
  type ProgramHandler,
  type ProgramOptions,
  trailersOf,
} from "../../mod.ts";
import { findInterpreter } from "../../src/process/languages.ts";
import { libc } from "../../src/process/libc.ts";
import { type Folder, makeFolder } from "./folder.ts";
import { within } from "./within.ts";

// It stays open as long as the process lives: opened here, no test is taken to have leaked it.
libc();

/** Languages that these tests have scripts for. */
export type WarmLanguage = "python" | "ruby" | "perl" | "php";
/** A script, or what else there is, for each of them. */
export type PerLanguage<Value = string> = Readonly<Partial<Record<WarmLanguage, Value>>>;

const written: readonly WarmLanguage[] = ["python", "ruby", "perl", "php"];
const known = new Languages();

/** Those that can be kept warm here. */
export const warmLanguages: readonly WarmLanguage[] = written.filter((name) => {
  const language = known.named(name);
  if (language.warm && findInterpreter(language)) return true;
  console.log(`not tested: ${name} warm, because ${language.warm ? "it is not installed" : "it can't be"}`);
  return false;
});

/** How a program answered, and how its process ended. */
export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  /** `broken` when the answer ended before it was whole. */
  readonly body: string;
  readonly trailers: Record<string, string> | undefined;
  readonly exit: { readonly code: number | null; readonly signal: string | null; readonly error: string | undefined };
  readonly stderr: readonly string[];
}

/** A program, and what came of its runs. */
export interface Asked extends AsyncDisposable {
  readonly handler: ProgramHandler;
  /** Asks it once, and waits until nothing of its process is left. */
  ask(path?: string, init?: RequestInit): Promise<Answer>;
  /** The report of a run, which has ended or will. */
  report(requestId: string): Promise<ExitReport>;
  /** Lines of its log. */
  readonly log: string[];
}

/** A script in a folder of its own, run warm and cold. */
export interface Pair extends AsyncDisposable {
  readonly folder: Folder;
  readonly warm: Asked;
  readonly cold: Asked;
  /** Asks both the same, fails when the answers differ, and gives the answer. */
  same(path?: string, init?: RequestInit): Promise<Answer>;
}

/** Writes a script into a folder. Its working directory is that folder, and it finds another one for temporary files. */
export async function makePair(
  language: WarmLanguage,
  source: string,
  options: Partial<ProgramOptions> = {},
): Promise<Pair> {
  const name = `script${known.named(language).extensions[0]}`;
  const folder = await makeFolder({ [name]: source });
  await Deno.mkdir(folder.file("tmp"));
  const settings = {
    file: folder.file(name),
    cwd: folder.path,
    ...options,
    env: { TMPDIR: folder.file("tmp"), ...options.env },
  };
  const cold = askable({ ...settings, warm: 0 });
  const warm = askable({ ...settings, warm: 8 });
  const pair = {
    folder,
    warm,
    cold,
    same: async (path?: string, init?: RequestInit) => {
      const answers = [await warm.ask(path, init), await cold.ask(path, init)] as const;
      alike(withoutRaces(answers[0]), withoutRaces(answers[1]));
      return answers[0];
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([warm[Symbol.asyncDispose](), cold[Symbol.asyncDispose]()]);
      await folder[Symbol.asyncDispose]();
    },
  };
  try {
    await within("the warm parent has loaded", warm.handler.prepare());
    deepEqual(warm.handler.warm, { kind: "ready" }, warm.log.join("\n"));
  } catch (error) {
    await pair[Symbol.asyncDispose]();
    throw error;
  }
  return pair;
}

/** A program whose runs can be asked for. */
function askable(options: ProgramOptions): Asked {
  const log: string[] = [];
  const stderr = new Map<string, string[]>();
  const reports = new Map<string, PromiseWithResolvers<ExitReport>>();
  const of = (id: string) => reports.get(id) ?? reports.set(id, Promise.withResolvers()).get(id)!;
  const handler = program({
    log: (_level, message) => void log.push(message),
    onStderr: (line, id) => void stderr.set(id, [...stderr.get(id) ?? [], line]),
    ...options,
    onExit: (report) => {
      of(report.requestId).resolve(report);
      options.onExit?.(report);
    },
  });
  let asked = 0;
  return {
    handler,
    log,
    report: (id) => within("the run ends", of(id).promise),
    ask: async (path = "/", init = {}) => {
      const id = `ask-${++asked}`;
      const response = await within("an answer", send(handler, path, init, id));
      const body = await within("its body", response.text().catch(() => "broken"));
      const trailers = await trailersOf(response)?.catch(() => undefined);
      // Whether a short body is sent with its length depends on how fast it comes.
      if (init.method !== "HEAD") response.headers.delete("content-length");
      response.headers.delete("x-request-id");
      const { code, signal, error } = await within(`the run ends; it said: ${log.join("\n")}`, of(id).promise);
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body,
        trailers: trailers && Object.fromEntries(trailers),
        exit: { code, signal, error: error?.message },
        stderr: (stderr.get(id) ?? []).map((line) => line.replace(/\b0x[0-9a-f]+/g, "0x…")),
      };
    },
    [Symbol.asyncDispose]: () => handler[Symbol.asyncDispose](),
  };
}

/** A run that fails right behind its first bytes may fail before they are sent, or after; and one recursion is a bit deeper. */
function withoutRaces(answer: Answer): unknown {
  const stderr = answer.stderr.map((line) => line.replace(/repeated \d+ more times/, "repeated"));
  if (answer.status !== 502 && answer.body !== "broken") return { ...answer, stderr };
  return { exit: answer.exit, stderr };
}

/** Fails unless two values are alike, and names what of them is not. */
export function alike(actual: unknown, expected: unknown): void {
  const found = differences(actual, expected, "it");
  if (found.length > 0) throw new AssertionError({ message: found.join("\n") });
}

function differences(actual: unknown, expected: unknown, place: string): string[] {
  if (Object.is(actual, expected)) return [];
  if (!isObject(actual) || !isObject(expected)) {
    return [`${place} is ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`];
  }
  const names = new Set([...Object.keys(actual), ...Object.keys(expected)]);
  return [...names].flatMap((name) => differences(actual[name], expected[name], `${place}.${name}`));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** Asks a handler. A form is best given with a fixed boundary, as a text. */
export async function send(handler: ProgramHandler, path: string, init: RequestInit, id: string): Promise<Response> {
  const request = new Request(new URL(path, "http://localhost/"), init);
  request.headers.set("x-request-id", id);
  return await handler(request);
}

/** A path with these parameters in its query. */
export function query(params: Readonly<Record<string, string>>): string {
  return `/?${new URLSearchParams(params)}`;
}

/** The names in a pair's folder for temporary files. */
export function temporaryFiles({ folder }: Pair): string[] {
  return [...Deno.readDirSync(join(folder.path, "tmp"))].map(({ name }) => name);
}

/** One script that has several parts and runs the one which the parameter `part` names. */
export function parts(language: WarmLanguage, sources: Readonly<Record<string, string>>, head = ""): string {
  const cases = Object.entries(sources);
  switch (language) {
    case "python":
      return head +
        cases.map(([name, source]) => `if service.params["part"] == ${JSON.stringify(name)}:\n${indented(source)}\n`)
          .join("");
    case "ruby":
      return head + cases.map(([name, source]) => `if service.params["part"] == ${quoted(name)}\n${source}\nend\n`)
        .join("");
    case "perl":
      return head + cases.map(([name, source]) => `if ($service->{params}{part} eq ${quoted(name)}) {\n${source}\n}\n`)
        .join("");
    case "php":
      return `<?php\n${head}` +
        cases.map(([name, source]) => `if ($service->params["part"] === ${quoted(name)}) {\n${source}\n}\n`).join("");
  }
}

function indented(source: string): string {
  return source.split("\n").map((line) => `    ${line}`).join("\n");
}

function quoted(text: string): string {
  return `'${text}'`;
}
