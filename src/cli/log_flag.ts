/** `--log`: where events go, and standard error of programs. */

import { Option } from "commander";
import { createLog, type Log, silent } from "../log.ts";

/** Forms of a log. */
export type LogFormat = "human" | "json" | "none";

/**
 * Makes the flag.
 *
 * @param what it tells
 */
export function logFlag(what: string): Option {
  return new Option("--log <format>", `form of the log: ${what}`).choices(["human", "json", "none"]).default("human");
}

/** The log of that form, on standard error. */
export function openLog(format: LogFormat): Log {
  return format === "none" ? silent : createLog({ format });
}
