/** A section of the README, typed into a shell: each command says what stands below it. */

import { equal, ok } from "node:assert/strict";
import { type Folder, makeFolder } from "./folder.ts";
import { Transcript } from "./serve.ts";
import { sluiceLine } from "./sluice.ts";
import { within } from "./within.ts";

const root = new URL("../../", import.meta.url);

/** What is typed, and what is shown then. */
interface Step {
  readonly typed: string;
  readonly shown: string;
}

/**
 * Goes through a section.
 *
 * @param heading the section's
 * @param count how many commands have their output below them
 * @param changes what is typed and shown otherwise: addresses that are free
 */
export async function walkReadme(
  heading: string,
  count: number,
  changes: Readonly<Record<string, string>>,
): Promise<void> {
  const all = await stepsOf(heading);
  equal(all.length, count, "each command has its output below it");
  await using folder = await makeFolder();
  await using commands = await makeCommand();
  await using shell = openShell(folder.path, commands.path);
  const here = (text: string) => Object.entries(changes).reduce((text, [from, to]) => text.replaceAll(from, to), text);
  for (const { typed, shown } of all) {
    const before = shell.said.text.length;
    await shell.type(here(typed));
    for (const line of here(shown).trimEnd().split("\n")) {
      const said = () => shell.said.text.slice(before);
      await within(() => `${typed} says ${line}; it said:\n${said()}`, lineBehind(shell.said, before, line));
    }
  }
  ok(!/^bash: /m.test(shell.said.text), shell.said.text);
}

async function stepsOf(heading: string): Promise<readonly Step[]> {
  const readme = await Deno.readTextFile(new URL("README.md", root));
  const [, section] = readme.split(`## ${heading}\n`);
  return [...section.split("\n## ")[0].matchAll(/```sh\n([^]*?)```\n\n```\n([^]*?)```/g)]
    .map(([, typed, shown]) => ({ typed, shown }));
}

/** A folder with the command `sluice`, as `deno install` writes it. */
function makeCommand(): Promise<Folder> {
  return makeFolder({ sluice: `#!/bin/sh\nexec ${sluiceLine()} "$@"\n` });
}

/** A shell in a folder. Disposing it ends it and all that it started. */
function openShell(folder: string, commands: string): AsyncDisposable & {
  type(text: string): Promise<void>;
  readonly said: Transcript;
} {
  const child = new Deno.Command("setsid", {
    args: ["bash", "-c", "exec bash 2>&1"],
    cwd: folder,
    env: { NO_COLOR: "1", PATH: `${commands}:${Deno.env.get("PATH")}` },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const said = new Transcript(child.stdout);
  const input = child.stdin.getWriter();
  return {
    said,
    type: (text) => input.write(new TextEncoder().encode(text)),
    [Symbol.asyncDispose]: async () => {
      Deno.kill(-child.pid, "SIGKILL");
      await Promise.all([child.status, said.ended]);
      await input.abort().catch(() => {/* nobody reads it any more */});
    },
  };
}

/** Waits for a whole line of what is said from now on. */
async function lineBehind(said: Transcript, before: number, line: string): Promise<void> {
  const text = line.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  await said.match(new RegExp(`^[^]{${before}}(?:[^]*\\n)?${text}(?:\\n|$)`));
}
