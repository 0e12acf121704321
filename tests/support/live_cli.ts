/** A command line that is spoken to while it runs. */

import { command, type ServeSettings, Transcript } from "./serve.ts";
import { within } from "./within.ts";

const encoder = new TextEncoder();

/** A running command. Disposing it kills it, if it has not ended. */
export interface LiveCli extends AsyncDisposable {
  /** What it wrote to standard output and standard error so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Writes to its standard input. */
  write(text: string): Promise<void>;
  /** Ends its standard input. */
  closeInput(): Promise<void>;
  /** Waits until its standard output matches. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  /** Waits until its standard error matches. */
  warned(pattern: RegExp): Promise<RegExpExecArray>;
  /** Sends it a signal. */
  kill(signal: Deno.Signal): void;
  /** Its exit code; -1 when a signal ended it. */
  readonly code: Promise<number>;
}

/** Starts a command line. */
export function startCli(args: readonly string[], settings: ServeSettings = {}): LiveCli {
  const process = command(args, settings, "piped").spawn();
  const stdout = new Transcript(process.stdout);
  const stderr = new Transcript(process.stderr);
  const input = process.stdin.getWriter();
  let ended = false;
  const status = process.status.then((status) => {
    ended = true;
    return status;
  });
  const all = Promise.all([status, stdout.ended, stderr.ended]);
  const name = `sluice ${args.join(" ")}`;
  return {
    get stdout() {
      return stdout.text;
    },
    get stderr() {
      return stderr.text;
    },
    write: (text) => input.write(encoder.encode(text)),
    closeInput: () => input.close(),
    said: (pattern) =>
      within(() => `${name} says ${pattern}; it said:\n${stdout.text}${stderr.text}`, stdout.match(pattern)),
    warned: (pattern) => within(() => `${name} warns ${pattern}; it said:\n${stderr.text}`, stderr.match(pattern)),
    kill: (signal) => process.kill(signal),
    get code() {
      return within(
        () => `${name} ends; it said:\n${stderr.text}`,
        all.then(([{ code, signal }]) => signal ? -1 : code),
      );
    },
    [Symbol.asyncDispose]: async () => {
      if (!ended) process.kill("SIGKILL");
      await all;
      await input.abort().catch(() => {/* it was closed */});
    },
  };
}
