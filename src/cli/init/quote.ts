/** Words as other files write them, so that no path ends what it stands in. */

import { quote } from "../help/shell_quote.ts";
import type { WordList } from "./template.ts";

/** A word for a shell; plain words stay as they are. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : quote(word);
}

/** Words as the elements of a list in a source. */
export function sourceWords(words: readonly string[], form: WordList): string {
  if (form === "shell") return words.map(shellWord).join(" ");
  return words.map((word) => form === "json" ? JSON.stringify(word) : singleQuoted(word)).join(", ");
}

/** A text of Ruby or Perl in which nothing is replaced. */
function singleQuoted(word: string): string {
  return `'${word.replace(/[\\']/g, "\\$&")}'`;
}

/** A word of a unit of systemd, in which `%` would begin a specifier (systemd.syntax, systemd.unit). */
export function unitWord(word: string): string {
  const text = word.replaceAll("%", "%%");
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `"${text.replace(/[\\"]/g, "\\$&")}"`;
}

/** The command line of `ExecStart=`, in which no variable is replaced (systemd.service, command lines). */
export function unitCommand(words: readonly string[]): string {
  const plain = words.some((word) => word.includes("$")) ? ":" : "";
  // A command with one of these in its name is refused, but not as an argument.
  const first = /["'\\]/.test(words[0]) ? ["/usr/bin/env"] : [];
  return plain + [...first, ...words].map(unitWord).join(" ");
}
