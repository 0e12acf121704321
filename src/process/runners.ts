/** The runner files, carried as text so that a bundle or an executable has them too. */

import javascript from "./runners/javascript.js" with { type: "text" };
import lua from "./runners/lua.lua" with { type: "text" };
import perl from "./runners/perl.pl" with { type: "text" };
import php from "./runners/php.php" with { type: "text" };
import python from "./runners/python.py" with { type: "text" };
import ruby from "./runners/ruby.rb" with { type: "text" };
import tcl from "./runners/tcl.tcl" with { type: "text" };
import warmJavascriptAhead from "./runners/warm/javascript_ahead.mjs" with { type: "text" };
import warmJavascriptDeno from "./runners/warm/javascript_deno.mjs" with { type: "text" };
import warmPerl from "./runners/warm/perl.pl" with { type: "text" };
import warmPhp from "./runners/warm/php.php" with { type: "text" };
import warmPython from "./runners/warm/python.py" with { type: "text" };
import warmR from "./runners/warm/r.R" with { type: "text" };
import warmRuby from "./runners/warm/ruby.rb" with { type: "text" };
import { materialize } from "./cache.ts";

const texts: Record<string, string> = {
  "javascript.js": javascript,
  "lua.lua": lua,
  "perl.pl": perl,
  "php.php": php,
  "python.py": python,
  "ruby.rb": ruby,
  "tcl.tcl": tcl,
};

const warmTexts: Record<string, string> = {
  "javascript_ahead.mjs": warmJavascriptAhead,
  "javascript_deno.mjs": warmJavascriptDeno,
  "perl.pl": warmPerl,
  "php.php": warmPhp,
  "python.py": warmPython,
  "r.R": warmR,
  "ruby.rb": warmRuby,
};

/** Names of the runners, as languages refer to them. */
export const runnerNames: readonly string[] = Object.keys(texts);

/**
 * Path of the file that makes an interpreter wait for runs.
 *
 * @param name as in the language table
 */
export function warmFile(name: string): string {
  return materialize("warm", name, warmTexts[name]);
}

/**
 * Path of a runner file.
 *
 * @param name as in the language table
 * @throws {TypeError} when there is no such runner
 */
export function runnerFile(name: string): string {
  if (!Object.hasOwn(texts, name)) throw new TypeError(`Unknown runner "${name}": known are ${runnerNames.join(", ")}`);
  // An .mjs name makes Node.js read it as a module, whatever package.json lies above the cache.
  return materialize("runners", name.replace(/\.js$/, ".mjs"), texts[name]);
}
