/** Resolves a file in a process of its own, which may have other rights; prints how that failed, or nothing. */

import { resolveCommand } from "../../src/process/command.ts";
import { Languages } from "../../src/process/languages.ts";

try {
  resolveCommand({ file: Deno.args[0] }, new Languages());
} catch (error) {
  const { name, message } = error as Error;
  console.log(JSON.stringify({ name, message }));
}
