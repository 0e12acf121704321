/**
 * `{{jsonpayload}}` in the arguments and variables of a program. What stands for it is never cut in pieces, and never code:
 * it is no part of a command's name, nor of text that a shell or an interpreter would run.
 */

import { basename } from "node:path";
import type { ProgramConfig } from "../config/model.ts";

export const PLACEHOLDER = "{{jsonpayload}}";

/** Commands that run text which they are given as an argument. */
const INTERPRETER =
  /^(?:(?:ba|da|z|k|mk|a|c|tc|fi|pwsh)?sh|busybox|python[\d.]*|pypy[\d.]*|perl[\d.]*|ruby[\d.]*|php[\d.]*|node|deno|bun|lua[\d.]*|Rscript|guile|tclsh[\d.]*|[gm]?awk|sed|jq|su|xargs|ssh)$/;

/** Options behind which such text stands, or in which it begins. */
const CODE_OPTION = /^(?:-[A-Za-z]*[cerRpBE]|--(?:command|eval|print|expression|run|source))/;

/** Commands whose first argument is such text, without an option. */
const CODE_FIRST = /^(?:[gm]?awk|sed|jq|deno|busybox|xargs|ssh)$/;

/** True for a text in which the payload is to stand. */
export function asksForPayload(text: string): boolean {
  return text.includes(PLACEHOLDER);
}

/**
 * Refuses what would make a client's payload a program.
 *
 * @throws {TypeError} when the placeholder stands in a command's name, in a variable's, or in code
 */
export function checkPlaceholders({ file, command, args, env }: ProgramConfig): void {
  const [name, ...own] = command ?? [file ?? ""];
  const names = [name, ...Object.keys(env)];
  if (names.some(asksForPayload)) {
    throw new TypeError(`Cannot put ${PLACEHOLDER} into the name of a command or variable`);
  }
  const words = [name, ...own, ...args];
  const code = words.find((word, i) => asksForPayload(word) && isCode(words, i));
  if (code === undefined) return;
  throw new TypeError(
    `Cannot put ${PLACEHOLDER} into code: the client's payload would be run; make it an argument behind the code`,
  );
}

/** True when the word at `i` is text that a command before it runs. */
function isCode(words: readonly string[], i: number): boolean {
  const at = words.slice(0, i).findLastIndex((word) => INTERPRETER.test(basename(word)));
  if (at === -1) return false;
  const before = words.slice(at + 1, i);
  if (CODE_OPTION.test(words[i]) || CODE_OPTION.test(before.at(-1) ?? "")) return true;
  return CODE_FIRST.test(basename(words[at])) && before.every((word) => word.startsWith("-"));
}

/** Puts the payload where it belongs, in one pass: what looks like a placeholder in it stays what it is. */
export function fill(text: string, payload: string): string {
  return text.split(PLACEHOLDER).join(payload);
}
