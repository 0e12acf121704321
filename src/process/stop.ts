/** Stopping a process: a table of steps, each taken only if those before it did not do. */

import type { Child } from "./launcher.ts";

/** Before the first step its standard input is closed: a program that reads to the end then ends by itself. */
const STEPS = [
  { afterMs: 50, signal: "SIGTERM" },
  { afterMs: 1000, signal: "SIGKILL" },
] as const;

/** Ends a process and resolves when its leader has ended. What is left of its group ends with `close`. */
export async function stopProcess(child: Child): Promise<void> {
  if (child.ended) return;
  child.stdin?.abort();
  for (const { afterMs, signal } of STEPS) {
    if (await endsWithin(child, afterMs)) return;
    child.signal(signal);
  }
  await child.exit;
}

/** Waits for the end of a process, but no longer than so many milliseconds; tells whether it has ended. */
export async function endsWithin(child: Child, ms: number): Promise<boolean> {
  if (child.ended) return true;
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<false>((resolve) => timer = setTimeout(() => resolve(false), ms));
  try {
    return await Promise.race([child.exit.then(() => true), late]);
  } finally {
    clearTimeout(timer!);
  }
}
