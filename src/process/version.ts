/** What interpreters and compilers tell of themselves. */

import { inheritedEnvironment } from "./environment.ts";
import type { Language } from "./language.ts";

/** Answers by path: a version does not change while we run. */
const answers = new Map<string, Promise<string>>();

/**
 * All that an interpreter prints when it is asked for its version; it is asked once.
 *
 * @param language says how to ask
 * @param interpreter absolute path
 */
export function versionText(language: Language, interpreter: string): Promise<string> {
  let answer = answers.get(interpreter);
  if (!answer) {
    answer = ask(interpreter, language.versionArgs ?? ["--version"]);
    answer.catch(() => answers.delete(interpreter));
    answers.set(interpreter, answer);
  }
  return answer;
}

/** The version's number; null where an interpreter tells none. */
export async function versionNumber(language: Language, interpreter: string): Promise<string | null> {
  return /\d+(\.\d+)+/.exec(await versionText(language, interpreter))?.[0] ?? null;
}

async function ask(interpreter: string, args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(interpreter, {
    args: [...args],
    stdin: "null",
    clearEnv: true,
    env: inheritedEnvironment(),
  }).output();
  return [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("\n");
}
