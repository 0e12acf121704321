/** What the words behind `serve` and `node` name: one program, or several, each with what it is called. */

import { existsSync } from "node:fs";
import { nearest } from "../../bytes/nearest.ts";
import { splitWords } from "../../gateway/config/split_words.ts";
import { checkMount } from "../../http/mount.ts";
import { findCommand } from "../../process/find_command.ts";
import type { ProgramOptions } from "../../process/program_options.ts";
import { asUsage, UsageError } from "../usage.ts";

/** `/PATH=PROGRAM` words, each a mount of its own; else all words are one program at the root. */
export function parseMounts(words: readonly string[]): { mount: string; words: readonly string[] }[] {
  const pairs = words.map((word) => existsSync(word) ? null : /^(\/[^=]*)=(.+)$/.exec(word));
  if (!pairs[0]) return [{ mount: "", words }];
  const mounts = pairs.map((pair, i) => {
    if (pair) return { mount: asUsage(() => checkMount(pair[1])), words: wordsOf(pair[2]) };
    throw new UsageError(`Cannot serve ${words[i]} beside ${words[0]}: every program needs a path, /PATH=PROGRAM`);
  });
  const twice = mounts.find(({ mount }, i) => mounts.findIndex((other) => other.mount === mount) !== i);
  if (twice) throw new UsageError(`Cannot serve two programs at ${twice.mount || "/"}`);
  return mounts;
}

/** A program behind `=`: a file of that name, or a command whose arguments are parted as a shell would. */
export function wordsOf(text: string): readonly string[] {
  if (existsSync(text)) return [text];
  const words = asUsage(() => splitWords(text));
  if (words.length > 0) return words;
  throw new UsageError(`Cannot run ${JSON.stringify(text)}: it names no program`);
}

/** A file if there is one of that name, or a language was named for it; else a command. */
export function target(
  words: readonly string[],
  flags: { readonly language?: string },
  commands: readonly string[],
): Pick<ProgramOptions, "file" | "command" | "args"> {
  const [first, ...args] = words;
  if (existsSync(first) || flags.language !== undefined) return { file: first, args };
  if (!first.includes("/") && findCommand(first)) return { command: words };
  const near = nearest(first, commands);
  const hint = near ? `; did you mean the command "${near}"?` : "";
  throw new Error(`Cannot serve ${first}: there is no such file, and no such command on PATH${hint}`);
}
