/** What a program can't be that replies by callback. */

import type { ProgramConfig } from "../config/model.ts";
import { checkPlaceholders } from "./placeholder.ts";

/**
 * Checks one.
 *
 * @throws {TypeError} when a callback has no use for what it is told, or it would run what a client sends
 */
export function checkCallback(program: ProgramConfig): void {
  checkPlaceholders(program);
  if (program.mode === "service") {
    throw new TypeError("Cannot reply by callback in service mode: there is nothing to answer by");
  }
  if (program.warm !== 0) {
    throw new TypeError("Cannot keep a program warm that replies by callback: each run is a new process");
  }
}
