/** Ctrl-C and its kin: the first one asks to stop, a second one to stop at once. */

import { INTERRUPTED } from "./exit_codes.ts";
import { assignment } from "./isolates.ts";
import { ignoresHangup } from "./hangup.ts";

const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];

/** Listens from its making on, so that nothing is announced before it can be stopped. */
export class StopSignals implements Disposable {
  readonly #told = Promise.withResolvers<void>();
  readonly #hurry = new AbortController();
  readonly #hangup: (() => void) | undefined;
  #isTold = false;
  #times = 0;
  readonly #onSignal = () => {
    if (++this.#times === 1) this.tell();
    else this.#hurry.abort();
  };

  /** @param hangup what SIGHUP is, which a closed terminal sends: an end, or nothing of ours */
  constructor(hangup: "stop" | "other" = "stop") {
    // The runtime ends the process at a SIGHUP that nobody listens to, as soon as any other signal is listened to.
    if (hangup === "stop" && Deno.build.os !== "windows") {
      this.#hangup = assignment()?.ignoresHangup ?? ignoresHangup() ? () => {} : this.#onSignal;
    }
    for (const signal of SIGNALS) Deno.addSignalListener(signal, this.#onSignal);
    if (this.#hangup) Deno.addSignalListener("SIGHUP", this.#hangup);
  }

  /** Does what a first signal does. */
  tell(): void {
    this.#isTold = true;
    this.#told.resolve();
  }

  /** True from the first signal on. */
  get isTold(): boolean {
    return this.#isTold;
  }

  /** Resolves at the first signal. */
  get told(): Promise<void> {
    return this.#told.promise;
  }

  /** Aborts at the second. */
  get hurry(): AbortSignal {
    return this.#hurry.signal;
  }

  /** For what leaves nothing behind when it is cut: a second signal ends the process. */
  exitWhenHurried(): void {
    this.hurry.addEventListener("abort", () => Deno.exit(INTERRUPTED), { once: true });
  }

  [Symbol.dispose](): void {
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, this.#onSignal);
    if (this.#hangup) Deno.removeSignalListener("SIGHUP", this.#hangup);
  }
}
