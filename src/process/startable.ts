/** Whether a file can be started, where what starts it could not say. */

import { ProgramError } from "../errors.ts";
import { isExecutable } from "./find_command.ts";

/**
 * Refuses to start what can't be.
 *
 * @throws {ProgramError} `start`
 */
export function refuseUnstartable(file: string): void {
  try {
    checkStartable(file);
  } catch (cause) {
    throw new ProgramError("start", `Cannot start ${file}: ${(cause as Error).message}`, { cause });
  }
}

/** Bytes at the beginning of a file that tell what it is: the kernel looks at as many (BINPRM_BUF_SIZE). */
const MAGIC_BYTES = 256;

/**
 * Refuses what would only fail behind another program such as setsid(1), where it looks like the program's own failure, and
 * what execvp(3) would hand to a shell: a text whose first line names no interpreter.
 *
 * @throws {Error} saying why the file can't be started
 */
export function checkStartable(file: string): void {
  if (Deno.build.os === "windows") return;
  Deno.statSync(file);
  if (!isExecutable(file)) throw new Error("permission denied; make it executable (chmod +x)");
  const head = firstBytes(file);
  if (head === undefined || head.includes("\0")) return;
  const interpreter = /^#![ \t]*([^ \t\n]+)/.exec(head)?.[1];
  if (!interpreter) {
    throw new Error("not an executable format; give it a first line such as #!/bin/sh, or name its language");
  }
  if (!isExecutable(interpreter)) throw new Error(`the interpreter in its first line, ${interpreter}, is missing`);
}

/** The beginning of a file; undefined where it may be executed but not read. */
function firstBytes(path: string): string | undefined {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path);
  } catch {
    return undefined;
  }
  using opened = file;
  const head = new Uint8Array(MAGIC_BYTES);
  return new TextDecoder("latin1").decode(head.subarray(0, opened.readSync(head) ?? 0));
}
