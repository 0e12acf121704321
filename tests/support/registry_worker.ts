/** Starts hubs and clients in processes of their own. */

import { Transcript } from "./serve.ts";
import { within } from "./within.ts";

/** What a process is to be. */
export interface WorkerOptions {
  /** A hub, with these options. */
  readonly hub?: Readonly<Record<string, unknown>>;
  /** Hubs that its client connects to. Default: its own. */
  readonly connect?: readonly string[];
  /** The network namespace that it lives in. */
  readonly namespace?: string;
}

/** A process. Disposing it kills it. */
export interface Worker extends AsyncDisposable {
  readonly pid: number;
  /** Says a line to it. */
  tell(line: string): Promise<void>;
  /** Waits until it says something. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  /** Waits until the ids of role `web` that it knows are these. */
  knows(...ids: string[]): Promise<void>;
  kill(signal: Deno.Signal): void;
}

/** Starts one. */
export function startWorker({ namespace, ...options }: WorkerOptions): Worker {
  const script = new URL("./registry_hub_worker.ts", import.meta.url).pathname;
  const command = [Deno.execPath(), "run", "-A", script, JSON.stringify(options)];
  const words = namespace === undefined ? command : ["ip", "netns", "exec", namespace, ...command];
  const child = new Deno.Command(words[0], { args: words.slice(1), stdin: "piped", stdout: "piped", stderr: "inherit" })
    .spawn();
  const transcript = new Transcript(child.stdout);
  const input = child.stdin.getWriter();
  let hasEnded = false;
  const ended = child.status.then(() => hasEnded = true);
  const said = (pattern: RegExp) =>
    within(() => `a worker says ${pattern}; it said ${transcript.text}`, transcript.match(pattern));
  return {
    pid: child.pid,
    tell: (line) => input.write(new TextEncoder().encode(line + "\n")),
    said,
    knows: async (...ids) => {
      // The last line: what it said before is not what it knows now.
      await said(new RegExp(`(?:^|\\n)${RegExp.escape(JSON.stringify(ids.sort()))}\\n$`));
    },
    kill: (signal) => child.kill(signal),
    [Symbol.asyncDispose]: async () => {
      if (!hasEnded) child.kill("SIGKILL"); // which ends one that was stopped, too
      await Promise.all([ended, transcript.ended]);
      await input.abort().catch(() => {/* it was closed */});
    },
  };
}
