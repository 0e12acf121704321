/** Questions at a terminal. Nothing has been written while they are asked: whoever leaves, leaves nothing behind. */

import { writeStderr } from "../output.ts";
import { initLimits } from "./limits.ts";

/** True when somebody is there to be asked. */
export function canAsk(): boolean {
  return Deno.stdin.isTerminal() && Deno.stderr.isTerminal();
}

/**
 * Asks until the answer will do.
 *
 * @param preset what an empty answer means
 * @param read reads an answer, and throws what is wrong with it
 * @throws {Error} when there will be no answer
 */
export function ask<T>(question: string, preset: string, read: (answer: string) => T): T {
  for (;;) {
    writeStderr(`${question} [${preset}]: `);
    const answer = readLine().trim();
    try {
      return read(answer === "" ? preset : answer);
    } catch (error) {
      writeStderr(`${(error as Error).message}\n`);
    }
  }
}

/** A terminal hands over one line at a time. */
function readLine(): string {
  const bytes = new Uint8Array(initLimits.answerBytes);
  const count = Deno.stdin.readSync(bytes);
  if (count === null) {
    writeStderr("\n");
    throw new Error("Cannot go on without an answer: nothing was written; take the defaults with --yes");
  }
  return new TextDecoder().decode(bytes.subarray(0, count));
}
