/** Commands on a real terminal: a pseudo terminal that script(1) makes, with a line discipline that makes signals of keys. */

import { fileURLToPath } from "node:url";
import { Transcript } from "./serve.ts";
import { sluiceLine } from "./sluice.ts";
import { within } from "./within.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const encoder = new TextEncoder();

/** Ctrl-C, as a terminal gets it. */
export const CTRL_C = "\x03";

/** What a terminal is like. */
export interface TerminalSettings {
  readonly columns?: number;
  readonly rows?: number;
  /** Variables besides those of the test; undefined takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A command on a terminal. Disposing it ends it, if it has not ended. */
export interface OnTerminal extends AsyncDisposable {
  /** All that was written to the terminal, with what drives it. */
  readonly text: string;
  /** Waits until it matches. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  /** Presses keys. */
  press(keys: string): Promise<void>;
  /** Exit code of the command; 128 and its number for a signal. */
  readonly code: Promise<number>;
}

/**
 * Runs a line of shell on a terminal. In it, `sluice` is our command line. The last line says `mode kept` when the terminal
 * is as it was before.
 */
export function onTerminal(line: string, { columns = 100, rows = 30, env = {} }: TerminalSettings = {}): OnTerminal {
  const shell = [
    `stty cols ${columns} rows ${rows}`,
    "before=$(stty -g)",
    `sluice() { ${sluiceLine()} "$@"; }`,
    "trap : INT", // a shell that is not interactive would end with the command
    line,
    "code=$?",
    '[ "$(stty -g)" = "$before" ] && echo mode kept',
    "exit $code",
  ].join("\n");
  const variables: Record<string, string> = { ...Deno.env.toObject(), TERM: "xterm-256color", SHELL: "/bin/sh" };
  for (const name of ["NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"]) delete variables[name];
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) delete variables[name];
    else variables[name] = value;
  }
  const process = new Deno.Command("script", {
    args: ["-qec", shell, "/dev/null"],
    cwd: root,
    clearEnv: true,
    env: variables,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const transcript = new Transcript(process.stdout);
  const keys = process.stdin.getWriter();
  let ended = false;
  const code = Promise.all([process.status, transcript.ended]).then(([{ code }]) => {
    ended = true;
    return code;
  });
  const told = () => `it said:\n${transcript.text}`;
  return {
    get text() {
      return transcript.text;
    },
    said: (pattern) => within(() => `the terminal shows ${pattern}; ${told()}`, transcript.match(pattern)),
    press: (text) => keys.write(encoder.encode(text)),
    get code() {
      return within(() => `the command ends; ${told()}`, code);
    },
    [Symbol.asyncDispose]: async () => {
      if (!ended) process.kill("SIGTERM"); // script passes it on to what it runs
      await code;
      await keys.abort().catch(() => {/* the terminal is closed */});
    },
  };
}
