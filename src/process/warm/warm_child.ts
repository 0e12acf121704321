/** A child that a warm parent has forked: it is reaped there, and what is known of its end is reported from there. */

import type { Exit } from "../../errors.ts";
import type { ResourceUsage } from "../launcher.ts";
import type { Libc } from "../libc.ts";
import { PipedChild, type PipedChildParts } from "../piped_child.ts";

/** A run that is over leaves its process this long to end by itself. */
const END_MS = 1000;

/** How a child was reaped. */
export interface Reaped {
  readonly usage: ResourceUsage | undefined;
  readonly left: boolean;
}

/** What a child of a warm parent is made of. */
export interface WarmChildParts extends PipedChildParts {
  /** Called once, when it was reaped and its user is through with it: until then others may write to its pipes. */
  readonly onClosed: () => void;
}

/** States: running -> (done: its run is over) -> reaped. */
export class WarmChild extends PipedChild {
  readonly #onClosed: () => void;
  readonly #reaped = Promise.withResolvers<Reaped>();
  /** True when nobody is left in its group: the number may be a stranger's by now. */
  #vacant = false;

  constructor(libc: Libc, parts: WarmChildParts) {
    super(libc, parts);
    this.#onClosed = parts.onClosed;
  }

  override signal(name: "SIGTERM" | "SIGKILL"): void {
    if (!this.#vacant) super.signal(name);
  }

  /** Takes the report that its run is over, with the exit code that its process is going to end with. */
  runIsOver(code: number): void {
    this.finish({ code, signal: null });
  }

  /** Takes the report that it was reaped. */
  wasReaped(exit: Exit, reaped: Reaped): void {
    this.#vacant = !reaped.left;
    this.finish(exit);
    this.stdout.wake(); // what it held open itself is closed by now
    this.#reaped.resolve(reaped);
  }

  /** Takes the report that its run is over, of a process that lives on and takes another. */
  goesOn(): void {
    this.wasReaped({ code: 0, signal: null }, { usage: undefined, left: false });
  }

  /** Says that it has ended, and how is not known: its parent had died before. */
  hasGone(): void {
    this.wasReaped({ code: null, signal: null }, { usage: undefined, left: this.killGroup(0) });
  }

  protected override async reap(): Promise<Reaped> {
    const late = setTimeout(() => this.killGroup("SIGKILL"), END_MS);
    const reaped = await this.#reaped.promise;
    clearTimeout(late);
    // Not before: what its group still writes to standard output belongs to the answer, and keeps its number taken.
    if (reaped.left) this.killGroup("SIGTERM");
    this.#onClosed();
    return reaped;
  }
}
