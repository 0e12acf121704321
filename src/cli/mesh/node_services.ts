/** The services of `sluice node`: programs, and servers that run already. */

import { upstreamTarget } from "../../gateway/targets/upstream_target.ts";
import type { Handler } from "../../http/handler.ts";
import type { Log } from "../../log.ts";
import type { Languages } from "../../process/languages.ts";
import { program, type ProgramHandler } from "../../process/program.ts";
import { isUrl, type NodeFlags, type Offering } from "./node_settings.ts";
import { prepareAll, programOptions, sayHowStarted } from "../programs/program_settings.ts";
import { target } from "../programs/target.ts";
import { asUsage } from "../usage.ts";

/** What they are made with. */
export interface ServicesOptions {
  readonly flags: NodeFlags;
  /** Names of all commands, for a hint when a program is not found. */
  readonly commands: readonly string[];
  readonly log: Log;
  /** Stops all runs of programs. */
  readonly signal: AbortSignal;
}

/** Handlers by what they are offered as. */
export class NodeServices implements AsyncDisposable {
  readonly handlers: Record<string, Handler> = {};
  readonly #programs: ProgramHandler[] = [];
  readonly #languages: Languages;
  readonly #held = new AsyncDisposableStack();

  /**
   * Makes them.
   *
   * @throws {UsageError} {Error} for what can't be run
   */
  constructor(offerings: readonly Offering[], { flags, commands, log, signal }: ServicesOptions) {
    const options = { ...programOptions(flags, log), signal };
    this.#languages = options.languages;
    for (const { offer, words } of offerings) {
      if (isUrl(words[0])) {
        this.handlers[offer] = this.#held.use(passOn(words[0]));
      } else {
        const handler = this.#held.use(program({ ...options, ...target(words, flags, commands) }));
        this.#programs.push(handler);
        this.handlers[offer] = handler;
      }
    }
  }

  /** Makes all that is needed before the first call. */
  async prepare(): Promise<void> {
    await prepareAll(this.#programs, { command: "node", languages: this.#languages });
    for (const handler of this.#programs) sayHowStarted("node", handler);
  }

  /** Ends what waits for calls. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#held.disposeAsync();
  }
}

/** Servers of frameworks answer to their own name only: the client's is told in `X-Forwarded-Host`. */
function passOn(url: string): Handler & AsyncDisposable {
  return asUsage(() =>
    upstreamTarget({ kind: "upstream", urls: [url], rewrite: undefined, hostField: URL.parse(url)?.host })
  );
}
