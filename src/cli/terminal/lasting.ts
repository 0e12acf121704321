/** Something that may take long: a person is told what is waited for, and how long it has taken. */

import { tellStderr } from "../output.ts";
import { StatusLine } from "./status_line.ts";
import { terminal } from "./terminal.ts";

/** What is done sooner is not told of, milliseconds. */
const SOON_MS = 300;
/** How often the line is written anew, milliseconds. */
const EVERY_MS = 100;

/**
 * Tells of it until it is done: on a terminal in a line that is gone then, elsewhere in one that stays.
 *
 * @param what such as `sluice serve: building shop.rs`
 */
export async function telling<T>(what: string, task: Promise<T>): Promise<T> {
  const begin = performance.now();
  const line = terminal("stderr").canRewrite ? new StatusLine() : undefined;
  let isShown = false;
  const show = () => {
    isShown = true;
    if (!line) return tellStderr(`${what}\n`);
    line.show(`${what} … ${((performance.now() - begin) / 1000).toFixed(1)} s`);
    timer = setTimeout(show, EVERY_MS);
  };
  let timer = setTimeout(show, SOON_MS);
  try {
    return await task;
  } finally {
    clearTimeout(timer);
    if (isShown) line?.clear();
  }
}
