/** What a program can't be that replies by callback. */

import type { CallbackConfig, ProgramConfig } from "../config/target_model.ts";
import { asksForPayload, checkPlaceholders, PLACEHOLDER } from "./placeholder.ts";

/**
 * Checks one.
 *
 * @param channel how it gets its payload: with `cmdline` that stands behind all arguments, if in none
 * @throws {TypeError} when a callback has no use for what it is told, or it would run what a client sends
 */
export function checkCallback(program: ProgramConfig, channel: CallbackConfig["channel"] = "none"): void {
  const { command = [], args } = program;
  const isBehind = channel === "cmdline" && ![...command.slice(1), ...args].some(asksForPayload);
  checkPlaceholders(isBehind ? { ...program, args: [...args, PLACEHOLDER] } : program);
  if (program.mode === "service") {
    throw new TypeError("Cannot reply by callback in service mode: there is nothing to answer by");
  }
  if (program.warm !== 0) {
    throw new TypeError("Cannot keep a program warm that replies by callback: each run is a new process");
  }
}
