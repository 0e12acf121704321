/** Command lines completed by the shells themselves. */

import { fileURLToPath } from "node:url";
import { bashCompletion } from "../../src/cli/help/completion_bash.ts";
import { fishCompletion } from "../../src/cli/help/completion_fish.ts";
import { zshCompletion } from "../../src/cli/help/completion_zsh.ts";
import { type CommandModel, readCommand } from "../../src/cli/help/command_tree.ts";
import { makeSluice } from "../../src/cli/commands.ts";
import { makeFolder } from "./folder.ts";
import { within } from "./within.ts";

const zshDriver = fileURLToPath(new URL("./complete.zsh", import.meta.url));

/** What a shell makes of a line. */
export interface Completed {
  /** What it offers, in order and once each. */
  readonly offers: readonly string[];
  /** The line afterwards, where the shell was asked to change it. */
  readonly line?: string;
}

/** The commands as they are. */
export function sluiceModel(): CommandModel {
  return readCommand(makeSluice());
}

/** Completes each line at its end, in a folder. */
export type Complete = (
  lines: readonly string[],
  cwd: string,
  model?: CommandModel,
) => Promise<readonly Completed[]>;

/** What the function for bash offers at the end of each line. Where it leaves files to the shell, it offers none. */
export const completeBash: Complete = async (lines, cwd, model = sluiceModel()) => {
  const calls = lines.map((line) => {
    const words = wordsOfBash(line);
    return [
      `COMP_LINE=${quoted(line)} COMP_POINT=${line.length} COMP_WORDS=(${words.map(quoted).join(" ")})`,
      `COMP_CWORD=${words.length - 1}`,
      `_sluice sluice ${quoted(words.at(-1)!)} ${quoted(words.at(-2)!)}`,
      `printf '%s\\n' "\${COMPREPLY[@]}" ==`,
    ].join("\n");
  });
  return offersOf(await run("bash", ["--norc", "-c", [bashCompletion(model), ...calls].join("\n")], cwd));
};

/** What fish offers at the end of each line. */
export const completeFish: Complete = async (lines, cwd, model = sluiceModel()) => {
  await using folder = await makeFolder({ "sluice.fish": fishCompletion(model), "lines": `${lines.join("\n")}\n` });
  const script = "source $argv[1]; while read --line line; complete -C $line; echo ==; end < $argv[2]";
  const args = ["--no-config", "-c", script, folder.file("sluice.fish"), folder.file("lines")];
  const all = offersOf(await run("fish", args, cwd, { HOME: folder.path, XDG_DATA_HOME: folder.path }));
  return all.map(({ offers }) => ({ offers: [...new Set(offers.map((offer) => offer.split("\t")[0]))] }));
};

/** What zsh offers at the end of each line, and what becomes of it there. */
export const completeZsh: Complete = async (lines, cwd, model = sluiceModel()) => {
  await using folder = await makeFolder({ "sluice.zsh": zshCompletion(model), "lines": lines.join("\n") });
  await run("zsh", ["-f", zshDriver, folder.path], cwd, { HOME: folder.path, ZDOTDIR: folder.path });
  const out = await Deno.readTextFile(folder.file("out"));
  return out.split("\n==\n").slice(0, -1).map((text) => {
    const all = text.split("\n");
    return { offers: [...new Set(all.slice(0, -1))], line: all.at(-1) };
  });
};

/** Shells whose completion is tried, with their scripts. */
export const shells = {
  bash: { complete: completeBash, script: bashCompletion, interactive: "bash --norc --noprofile -i" },
  fish: { complete: completeFish, script: fishCompletion, interactive: "fish --no-config -i" },
  zsh: { complete: completeZsh, script: zshCompletion, interactive: "zsh -f -i" },
} as const;

/** A line as bash parts it: also at some signs, which are words then. */
function wordsOfBash(line: string): string[] {
  const words = line.split(/\s+|([=:@]+)/).filter((word) => word !== undefined && word !== "");
  return /\s$/.test(line) ? [...words, ""] : words;
}

function offersOf(text: string): Completed[] {
  return text.split("==\n").slice(0, -1).map((part) => ({
    offers: [...new Set(part.split("\n").filter((offer) => offer !== ""))],
  }));
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

async function run(program: string, args: readonly string[], cwd: string, env = {}): Promise<string> {
  const child = new Deno.Command(program, {
    args: [...args],
    cwd,
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  try {
    const { stdout, stderr } = await within(`${program} completes`, child.output(), 60_000);
    const words = new TextDecoder().decode(stderr);
    if (words !== "") throw new Error(`${program} said:\n${words}`);
    return new TextDecoder().decode(stdout);
  } catch (error) {
    try {
      child.kill("SIGKILL");
    } catch {
      // it has ended
    }
    throw error;
  }
}
