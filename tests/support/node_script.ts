/** Scripts of Node.js that import `@sluice/sluice`, as it is made for them. */

import { join } from "node:path";
import { writeNodeSdk } from "../../scripts/node_sdk.ts";
import { type Folder, makeFolder } from "./folder.ts";
import { Transcript } from "./serve.ts";
import { within } from "./within.ts";

/** A folder in which scripts find the package. */
export async function makeNodeProject(write: (folder: string) => Promise<void> = writeSdk): Promise<Folder> {
  const folder = await makeFolder();
  const made = folder.file("node_modules/@sluice/sluice");
  await Deno.mkdir(made, { recursive: true });
  await write(made);
  return folder;
}

/** The library alone, which takes a tenth of the time of the whole package. */
async function writeSdk(folder: string): Promise<void> {
  await writeNodeSdk(join(folder, "sluice.js"));
  await Deno.writeTextFile(join(folder, "package.json"), `{"type":"module","exports":"./sluice.js"}`);
}

/** A script that runs. Disposing it ends it, if it has not ended. */
export interface RunningScript extends AsyncDisposable {
  /** Waits until its output matches. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  /** Ends its standard input. */
  finish(): Promise<void>;
  /** Its exit code; rejects with what it has said when it does not end in time. */
  readonly code: Promise<number>;
}

/** Runs a script: a module, or with a name that ends in `.cjs` none. */
export async function runNode(
  project: Folder,
  script: string,
  { args = [], flags = [], name = "script.mjs" }: {
    args?: readonly string[];
    flags?: readonly string[];
    name?: string;
  } = {},
): Promise<RunningScript> {
  await Deno.writeTextFile(project.file(name), script);
  const process = new Deno.Command("node", {
    args: [...flags, project.file(name), ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [output, errors] = [new Transcript(process.stdout), new Transcript(process.stderr)];
  const told = () => `it said:\n${output.text}${errors.text}`;
  let hasEnded = false;
  const ended = Promise.all([process.status, output.ended, errors.ended]).then(([{ code }]) => {
    hasEnded = true;
    return code;
  });
  return {
    said: (pattern) =>
      within(() => `node says ${pattern}; ${told()}`, output.match(pattern)).catch((cause) => {
        throw new Error(`Node says no ${pattern}; ${told()}`, { cause });
      }),
    finish: () => process.stdin.close(),
    get code() {
      return within(() => `node ends; ${told()}`, ended).then((code) => {
        if (code !== 0) throw new Error(`Node ended with ${code}; ${told()}`);
        return code;
      });
    },
    [Symbol.asyncDispose]: async () => {
      if (!hasEnded) process.kill("SIGKILL");
      await ended;
      await process.stdin.close().catch(() => {/* it is closed */});
    },
  };
}
