/** The process of a urocket action: the command, and how it gets the payload and replies. */

import { isRequestVariable } from "../../process/environment.ts";
import type { CallbackConfig, ProgramConfig } from "./target_model.ts";
import type { Place } from "./place.ts";
import type { Some } from "./raw.ts";
import { notAmong, show } from "./schema/check.ts";
import { commandOf, plainPrograms, SET_BY_REQUEST } from "./settle/program.ts";
import { folderOf, timeOf } from "./settle/values.ts";
import { PAYLOAD, safeCommand, tightPlaceholders } from "./shell_payload.ts";

/** What the schema allows of a process. */
export interface ProcessKeys {
  readonly wd?: string;
  readonly env?: readonly string[];
  readonly cmd?: Some<string>;
  readonly timeout?: number;
  readonly channel?: CallbackConfig["channel"];
  readonly encoding?: string;
  readonly "on-exit"?: CallbackConfig["onExit"];
}

/** A process that was read. */
export interface UrocketProcess extends Pick<CallbackConfig, "channel" | "onExit"> {
  readonly program: ProgramConfig;
  readonly timeoutMs: number;
}

const KEYS = ["wd", "env", "cmd", "timeout", "channel", "encoding", "on-exit"] as const;

/** How long urocket waits for a reply. */
const TIMEOUT_MS = 1000;

/**
 * Reads a process.
 *
 * @param flat what stands in the action itself
 * @param inject what stands in its `inject`, if it has one
 */
export function urocketProcess(
  place: Place,
  flat: ProcessKeys,
  inject: ProcessKeys | undefined,
  logStdout: boolean,
): UrocketProcess | undefined {
  for (const name of KEYS) {
    if (inject?.[name] !== undefined && flat[name] !== undefined) {
      place.at(name).fault("is said in inject too: keep one");
    }
  }
  const at = (name: typeof KEYS[number]) => inject?.[name] === undefined ? place.at(name) : place.at("inject", name);
  const { wd, env, cmd, timeout = TIMEOUT_MS, channel = "cmdline", encoding = "json", "on-exit": onExit = "wait" } = {
    ...flat,
    ...inject,
  };
  if (encoding !== "json") at("encoding").fault(`is ${show(encoding)}: json is the only one`);
  const timeoutMs = timeOf(at("timeout"), timeout) ?? TIMEOUT_MS;
  const variables = variablesOf(at("env"), env ?? []);
  const folder = place.surroundings.folder;
  const cwd = wd === undefined ? folder : folderOf(at("wd"), wd) ?? folder;
  if (cmd === undefined) return at("cmd").fault("is missing");
  const program = programOf(at("cmd"), cmd, cwd);
  if (!program) return undefined;
  return { program: { ...program, cwd, logStdout, env: { ...program.env, ...variables } }, channel, onExit, timeoutMs };
}

function programOf(place: Place, cmd: Some<string>, cwd: string): ProgramConfig | undefined {
  // A list stands as it is; a text becomes words, in which the placeholder stays whole.
  const raw = typeof cmd === "string" ? tightPlaceholders(cmd) : cmd.map(tightPlaceholders);
  const program = commandOf(place, raw, plainPrograms(cwd), cwd);
  if (!program) return undefined;
  const safe = safeCommand(program.command!);
  if (typeof safe === "string") return place.fault(`has ${PAYLOAD} ${safe}`);
  const { command, env } = safe;
  checkPlaceholders(place, command.join(" "));
  return { ...program, command, env, warm: 0 };
}

function variablesOf(place: Place, entries: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(entries.flatMap((raw, index) => {
    const at = place.at(index);
    const [, name, value] = /^([^=\0]+)=([^\0]*)$/s.exec(raw) ?? [];
    if (name === undefined) return at.fault(`is ${show(raw)}, which is not NAME=VALUE`) ?? [];
    const text = tightPlaceholders(value);
    // One that holds the payload is made for each request, and comes last.
    if (isRequestVariable(name.trim()) && !text.includes(PAYLOAD)) at.fault(SET_BY_REQUEST);
    checkPlaceholders(at, text);
    return [[name.trim(), text]];
  }));
}

/** A misspelt placeholder would reach the program as text. */
function checkPlaceholders(place: Place, text: string): void {
  const known = [PAYLOAD];
  for (const [name] of text.matchAll(/\{\{[\w-]+\}\}/g)) {
    if (!known.includes(name)) place.fault(`has a placeholder that ${notAmong(name, known)}`);
  }
}
