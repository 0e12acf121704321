/** Structured log: one line an event, for people or as JSON, to standard error. */

import { writeSync } from "node:fs";

/** What a log line carries besides its message; `undefined` values are left out. */
export type LogFields = Record<string, string | number | boolean | null | undefined>;

/** How grave an event is. */
export type LogLevel = "info" | "warn" | "error";

/** Takes one event. */
export type Log = (level: LogLevel, message: string, fields?: LogFields) => void;

/** A log that drops everything: the default of the library, which must not write to its user's terminal. */
export const silent: Log = () => {};

/** Options of {@linkcode createLog}. */
export interface LogOptions {
  /** How a line looks: for people, or a JSON object. Default: `human`. */
  readonly format?: "human" | "json";
  /** Takes whole lines, newline included. Default: standard error. */
  readonly write?: (line: string) => void;
}

/**
 * Makes a log that writes lines.
 *
 * @example Log as JSON to standard error
 * ```ts
 * import { createLog, program } from "@sluice/sluice";
 *
 * await using handler = program({ command: ["cat"], log: createLog({ format: "json" }) });
 * ```
 */
export function createLog(options: LogOptions = {}): Log {
  const write = options.write ?? writeStderr;
  const render = options.format === "json" ? renderJson : renderHuman;
  return (level, message, fields = {}) => write(render(level, message, fields) + "\n");
}

/**
 * A log that passes so many events a second on, and says with the next one how many it did not: for what strangers cause,
 * who must not be able to fill a disk.
 *
 * @param clock milliseconds
 */
export function atMost(log: Log, aSecond: number, clock: () => number = Date.now): Log {
  let [second, passed, dropped] = [0, 0, 0];
  return (level, message, fields) => {
    const now = Math.floor(clock() / 1000);
    if (now !== second) [second, passed] = [now, 0];
    if (passed >= aSecond) return void dropped++;
    passed++;
    log(level, message, dropped > 0 ? { ...fields, dropped } : fields);
    dropped = 0;
  };
}

function renderJson(level: LogLevel, message: string, fields: LogFields): string {
  const own = { time: new Date().toISOString(), level, message };
  const json = JSON.stringify({ ...own, ...fields, ...own }); // the first place, and the last word
  return json.replace(/\p{Cc}/gu, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
}

function renderHuman(level: LogLevel, message: string, fields: LogFields): string {
  let line = `${new Date().toISOString()} ${level === "info" ? "" : level + " "}${printable(message)}`;
  for (const name in fields) {
    if (fields[name] !== undefined) line += ` ${name}=${quoteIfNeeded(String(fields[name]))}`;
  }
  return line;
}

/** Escapes control characters: a program's output must not be able to forge lines or drive the terminal. */
function printable(text: string): string {
  return text.replace(/[^\P{Cc}\t]/gu, (c) => "\\x" + c.charCodeAt(0).toString(16).padStart(2, "0"));
}

function quoteIfNeeded(value: string): string {
  return /^[^\s"\\=\p{Cc}]+$/u.test(value) ? value : printable(JSON.stringify(value));
}

const encoder = new TextEncoder();
/** Deno knows when its standard error was closed; Node.js has the descriptor. */
const writeSome = (bytes: Uint8Array) => "Deno" in globalThis ? Deno.stderr.writeSync(bytes) : writeSync(2, bytes);

function writeStderr(line: string): void {
  try {
    const bytes = encoder.encode(line);
    for (let at = 0; at < bytes.length;) at += writeSome(bytes.subarray(at));
  } catch {
    // A closed or full standard error must not end the server: the line is lost, the service is not.
  }
}
