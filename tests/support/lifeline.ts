/**
 * A fifo that a program and its descendants hold open. The kernel ends it when the last of them is gone, so that the end
 * of a whole process tree is an event to wait for.
 */

import { within } from "./within.ts";

const decoder = new TextDecoder();

export interface Lifeline extends AsyncDisposable {
  /** Path of the fifo, to be opened for writing. */
  readonly path: string;
  /** The next line that a holder wrote. */
  line(): Promise<string>;
  /** Resolves when every holder is gone; fails when one is left. */
  gone(): Promise<void>;
}

/** Makes a fifo in a folder. */
export async function makeLifeline(folder: { file(name: string): string }): Promise<Lifeline> {
  const path = folder.file(`lifeline-${crypto.randomUUID()}`);
  const made = await new Deno.Command("mkfifo", { args: [path] }).output();
  if (!made.success) throw new Error(decoder.decode(made.stderr));
  // cat opens the fifo, which waits for the first writer, and can be ended while it waits.
  const cat = new Deno.Command("cat", { args: [path], stdin: "null", stdout: "piped", stderr: "null" }).spawn();
  const reader = cat.stdout.getReader();
  let text = "";
  const next = async (): Promise<boolean> => {
    const { done, value } = await reader.read();
    if (value) text += decoder.decode(value, { stream: true });
    return !done;
  };
  const line = async () => {
    while (!text.includes("\n")) {
      if (!await next()) throw new Error("All holders have gone without a word");
    }
    const end = text.indexOf("\n");
    const first = text.slice(0, end);
    text = text.slice(end + 1);
    return first;
  };
  const gone = async () => {
    while (await next());
  };
  return {
    path,
    line: () => within("a holder of the lifeline speaks", line()),
    gone: () => within("all holders of the lifeline are gone", gone()),
    [Symbol.asyncDispose]: async () => {
      try {
        cat.kill("SIGKILL");
      } catch {
        // It has ended with the last holder.
      }
      await cat.status;
      await reader.cancel();
    },
  };
}
