/**
 * `{{jsonpayload}}` in the arguments and variables of a program. What stands for it is never cut in pieces, and never code:
 * it is no part of a command's name, and behind a command that runs code or commands it stands only where it is data.
 */

import { isData, isObeyed } from "../config/launchers.ts";
import type { ProgramConfig } from "../config/target_model.ts";

export const PLACEHOLDER = "{{jsonpayload}}";

const INSTEAD = "take the channel stdin, env (SLUICE_PAYLOAD) or file, or make it an argument of a script of your own";

/** True for a text in which the payload is to stand. */
export function asksForPayload(text: string): boolean {
  return text.includes(PLACEHOLDER);
}

/**
 * Refuses what would make a client's payload a program.
 *
 * @throws {TypeError} when the placeholder stands in a command's name, in a variable's, or where it may be run
 */
export function checkPlaceholders({ file, command, args, env }: Pick<ProgramConfig, PlaceKeys>): void {
  const words = [...command ?? [file ?? ""], ...args];
  const names = [words[0], ...Object.keys(env)];
  if (names.some(asksForPayload)) {
    throw new TypeError(`Cannot put ${PLACEHOLDER} into the name of a command or variable: ${INSTEAD}`);
  }
  const code = words.find((word, i) => asksForPayload(word) && !isData(words, i));
  if (code !== undefined) {
    throw new TypeError(
      `Cannot put ${PLACEHOLDER} into code: ${words[0]} might run the client's payload as "${code}"; ${INSTEAD}`,
    );
  }
  const variable = Object.entries(env).find(([name, value]) => asksForPayload(value) && isObeyed(name));
  if (variable) {
    throw new TypeError(
      `Cannot put ${PLACEHOLDER} into the variable ${variable[0]}: loaders and interpreters obey it; ${INSTEAD}`,
    );
  }
}

type PlaceKeys = "file" | "command" | "args" | "env";

/** Puts the payload where it belongs, in one pass: what looks like a placeholder in it stays what it is. */
export function fill(text: string, payload: string): string {
  return text.split(PLACEHOLDER).join(payload);
}
