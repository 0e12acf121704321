/** One way to write an option of a command: its value is checked where it is read, and a variable may give it. */

import { Option } from "commander";

/**
 * Makes an option.
 *
 * @param names such as `-p, --port <port>`
 * @param text what it does
 * @param parse reads the value, and throws commander's `InvalidArgumentError`
 * @param preset the default
 * @param env variable that gives it
 */
export function flag<T>(names: string, text: string, parse: (value: string) => T, preset?: T, env?: string): Option {
  const option = new Option(names, text).argParser(parse);
  if (preset !== undefined) option.default(preset);
  return env === undefined ? option : option.env(env);
}

/** True for one that may be given several times, as its help says. */
export function isRepeatable({ description }: Option): boolean {
  return /\brepeatable\b/.test(description);
}
