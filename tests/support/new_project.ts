/** Projects that `sluice init` writes, and a `sluice` on PATH that they can be served by. */

import { delimiter, dirname, join } from "node:path";
import { type Folder, makeFolder } from "./folder.ts";
import { type Ended, runCli } from "./serve.ts";
import { sluiceLine } from "./sluice.ts";
import { within } from "./within.ts";

/** Compilers that have kept nothing yet need a minute for a program and its test. */
const TEST_MS = 180_000;

/** A folder to write projects into. */
export interface ProjectPlace extends AsyncDisposable {
  readonly folder: Folder;
  /** With a `sluice` in its PATH. */
  readonly env: Record<string, string>;
  /** Runs `sluice init` where nobody is to be asked. */
  init(...args: string[]): Promise<Ended>;
}

/** Makes a folder, and a command beside it. */
export async function makeProjectPlace(): Promise<ProjectPlace> {
  await using made = new AsyncDisposableStack();
  const folder = made.use(await makeFolder());
  const bin = made.use(await makeFolder({ sluice: `#!/bin/sh\nexec ${sluiceLine()} "$@"\n` }));
  const env = { PATH: [bin.path, dirname(Deno.execPath()), Deno.env.get("PATH")].join(delimiter) };
  const kept = made.move();
  return {
    folder,
    env,
    init: (...args) => runCli(["init", ...args], { env }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Runs a line in a project's folder, as its README has it. */
export async function runLine(line: string, folder: string, env: Record<string, string>): Promise<Ended> {
  const command = new Deno.Command("sh", { args: ["-c", line], cwd: folder, env, stdin: "null" });
  const { code, stdout, stderr } = await within(`${line} ends`, command.output(), TEST_MS);
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Texts of all files below a folder, by path. */
export function contents(folder: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = join(folder, name);
    if (!isDirectory) found[name] = Deno.readTextFileSync(path);
    else for (const [below, text] of Object.entries(contents(path))) found[join(name, below)] = text;
  }
  return found;
}
