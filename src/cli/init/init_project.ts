/** What is behind `sluice init`: chooses, writes, and says what was written. */

import { join, relative } from "node:path";
import { findInterpreter, missingInterpreter } from "../../process/languages.ts";
import { findCommand } from "../../process/find_command.ts";
import { writeStderr, writeStdout } from "../output.ts";
import { StopSignals } from "../signals.ts";
import { choose, type InitFlags } from "./choices.ts";
import { listTemplates } from "./list_templates.ts";
import { INSTALLED, ownCommand } from "./own_command.ts";
import { placeFiles } from "./place_files.ts";
import { projectFiles, type ProjectSettings, unitFacts } from "./project.ts";
import { shellWord } from "./quote.ts";
import { languageOf } from "./choose_template.ts";
import type { Template } from "./template.ts";
import { outOfReach } from "./unit.ts";

/** Lists the templates, or writes a project. */
export function initProject(template: string | undefined, flags: InitFlags): void {
  if (flags.list) return listTemplates(flags);
  const settings = { ...choose(template, flags), command: ownCommand() };
  const files = projectFiles(settings);
  write(settings, files, flags.force);
  const names = files.map(({ name }) => name);
  warn(settings);
  if (flags.json) writeStdout(JSON.stringify(report(settings, names), null, 2) + "\n");
  else tell(settings, names);
}

/** From here to the end of the writing, Ctrl-C waits. */
function write({ folder }: ProjectSettings, files: ReturnType<typeof projectFiles>, force: boolean): void {
  using _signals = new StopSignals();
  placeFiles(folder, files, force);
}

function tell(settings: ProjectSettings, names: readonly string[]): void {
  for (const name of names) writeStderr(`sluice init: wrote ${join(shown(settings.folder), name)}\n`);
  writeStderr(`sluice init: serve it with ${next(settings)}\n`);
}

/** What keeps the project from running as it is. */
function warn(settings: ProjectSettings): void {
  const language = languageOf(settings.template);
  const tool = testTool(settings.template);
  if (findInterpreter(language) === undefined) writeStderr(`sluice init: ${missingInterpreter(language)}\n`);
  else if (findCommand(tool) === undefined) {
    writeStderr(`sluice init: the test needs ${tool}, which is not on PATH: install it\n`);
  }
  if (settings.command.isAssumed) {
    writeStderr(`sluice init: the project calls sluice, which is not on PATH: copy this executable to ${INSTALLED}\n`);
  }
  const closed = outOfReach(unitFacts(settings));
  if (closed === undefined) return;
  writeStderr(
    `sluice init: ${settings.name}.service can't run from here: its user has no way to ${closed}; ` +
      "name another one in User=, or begin it elsewhere, such as in /srv\n",
  );
}

/** The command that a test is run by, or that it asks with. */
function testTool({ test }: Template): string {
  return test.startsWith("./") ? "curl" : test.split(" ")[0];
}

function report(settings: ProjectSettings, files: readonly string[]) {
  const { name, template, folder, port } = settings;
  return { name, template: template.name, folder, port, files, next: next(settings) };
}

/** The one command to go on with. */
function next({ folder, command }: ProjectSettings): string {
  const file = join(shown(folder), "sluice.toml");
  return [...command.typed, "gateway", "-c", file, "--watch"].map(shellWord).join(" ");
}

/** As short as it can be said from here. */
function shown(folder: string): string {
  const path = relative(Deno.cwd(), folder);
  return path.startsWith("..") ? folder : path || ".";
}
