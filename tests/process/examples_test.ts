/** Every example of `examples/services`, over real HTTP, against what `expected.json` says it answers. */

import { deepEqual, equal } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { findInterpreter, Languages } from "../../src/process/languages.ts";
import type { Mode } from "../../src/process/command.ts";
import { listenProgram } from "../support/in_process.ts";

interface Example {
  readonly file: string;
  readonly language: string;
  readonly mode: Mode;
  readonly request: { method: string; path: string; headers?: Record<string, string>; body?: string };
  readonly expect: { status: number; headers?: Record<string, string>; body: string };
}

const folder = new URL("../../examples/services/", import.meta.url);
const examples: Example[] = JSON.parse(Deno.readTextFileSync(new URL("expected.json", folder)));
const languages = new Languages();

/** Above the time that a compiler's output needs for its first start on a busy machine. */
const TIMEOUT_MS = 60_000;

for (const [name, own] of Map.groupBy(examples, (example) => example.language)) {
  const language = languages.named(name);
  const missing = language.interpreters !== undefined && findInterpreter(language) === undefined;
  if (missing) console.log(`not tested: ${name}, because ${language.interpreters!.join(" or ")} is not installed`);

  const test = (title: string, warm: number) =>
    Deno.test({
      name: `examples in ${name} answer as expected${title}`,
      ignore: missing,
      fn: async () => {
        for (const [file, requests] of Map.groupBy(own, (example) => example.file)) {
          await answer(name, file, requests, warm);
        }
      },
    });
  test("", 0);
  if (language.warm) test(", warm", 4);
}

/** Asks one program all that is expected of it, at once. */
async function answer(name: string, file: string, requests: readonly Example[], warm: number): Promise<void> {
  const path = fileURLToPath(new URL(file, folder));
  await using server = await listenProgram({
    file: path,
    language: name,
    mode: requests[0].mode,
    timeoutMs: TIMEOUT_MS,
    warm,
  });
  await server.handler.prepare();
  const state = server.handler.warm;
  if (state) equal(state.kind, "ready", `${file}: ${JSON.stringify(state)} ${server.log.join("\n")}`);
  await Promise.all(requests.map(async ({ request: { path, ...init }, expect }) => {
    const response = await fetch(server.url + path, init);
    const told = `${init.method} ${file} ${path}: ${server.log.join("\n")}`;
    const body = await response.text();
    deepEqual([response.status, body], [expect.status, expect.body], told);
    for (const [field, value] of Object.entries(expect.headers ?? {})) {
      equal(response.headers.get(field), value, `${told}: ${field}`);
    }
  }));
}
