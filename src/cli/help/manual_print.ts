/** Manual pages, to standard output or into a folder. */

import type { Command } from "commander";
import { join } from "node:path";
import metadata from "../../../deno.json" with { type: "json" };
import { type CommandModel, everyCommand, readCommand } from "./command_tree.ts";
import { manualPage, pageName } from "./manual_page.ts";
import { writeStdout } from "../output.ts";
import { UsageError } from "../usage.ts";

/** What flags gave. */
export interface ManualFlags {
  readonly dir?: string;
}

/**
 * Prints the page of a command, or writes all pages.
 *
 * @throws {UsageError} for a command that is not there
 * @throws {Error} when a file can't be written
 */
export function printManual(words: readonly string[], { dir }: ManualFlags, sluice: Command): void {
  const root = readCommand(sluice);
  const source = { version: metadata.version, date: dateOfPages() };
  if (dir === undefined) return writeStdout(manualPage(find(root, words), root, source));
  if (words.length > 0) throw new UsageError("--dir writes all pages: leave out the command");
  const pages = everyCommand(root).map((command): [name: string, text: string] => {
    return [`${pageName(command)}.1`, manualPage(command, root, source)];
  });
  try {
    Deno.mkdirSync(dir, { recursive: true });
    for (const [name, text] of pages) Deno.writeTextFileSync(join(dir, name), text);
  } catch (cause) {
    throw new Error(`Cannot write manual pages to ${dir}: ${(cause as Error).message}; name another folder`, { cause });
  }
}

function find(root: CommandModel, words: readonly string[]): CommandModel {
  return words.reduce((command, word) => {
    const below = command.commands.find(({ path }) => path.at(-1) === word);
    if (below) return below;
    const known = command.commands.map(({ path }) => path.at(-1)).join(", ");
    const there = known === "" ? "it has no commands" : `its commands are ${known}`;
    throw new UsageError(`Cannot show a manual page for ${command.name} ${word}: ${there}`);
  }, root);
}

/** Today, or what packagers set so that what they build twice is the same (https://reproducible-builds.org). */
function dateOfPages(): string {
  const seconds = Number(Deno.env.get("SOURCE_DATE_EPOCH") || NaN);
  return new Date(Number.isFinite(seconds) ? seconds * 1000 : Date.now()).toISOString().slice(0, 10);
}
