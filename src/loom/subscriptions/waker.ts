/** Turns the wheel of each subscription: announces its wakes, and watches over leases and retries. */

import { limits } from "../../limits.ts";
import { announce, type AnnounceContext, type Announced, type Snapshot } from "./announce.ts";
import type { Ledger } from "./ledger.ts";
import type { Subscription } from "./subscription.ts";
import { advance, type WakeEvent } from "./wake_cycle.ts";

/** Wakes subscriptions. */
export class Waker implements AsyncDisposable {
  readonly #context: AnnounceContext;
  readonly #ledger: Ledger;
  readonly #timers = new Map<Subscription, ReturnType<typeof setTimeout>>();
  readonly #underWay = new Map<Subscription, AbortController>();
  readonly #tasks = new Set<Promise<void>>();
  #stopped = false;

  constructor(context: AnnounceContext, ledger: Ledger) {
    this.#context = context;
    this.#ledger = ledger;
  }

  /**
   * Wakes a subscription if it is idle and has something to read.
   *
   * @returns whether it was woken
   */
  consider(subscription: Subscription): boolean {
    if (subscription.cycle.wake || !subscription.links.hasPending) return false;
    return this.step(subscription, { kind: "pending", wakeId: newWakeId() });
  }

  /** Ends a wake, and begins the next if there is more to read. */
  finish(subscription: Subscription): boolean {
    this.step(subscription, { kind: "ended" });
    return this.consider(subscription);
  }

  /** Takes up where the server was when it stopped. */
  resume(subscription: Subscription): void {
    if (subscription.cycle.wake?.phase === "announcing") this.#begin(subscription);
    this.#watch(subscription);
    this.consider(subscription);
  }

  /** Takes one step. */
  step(subscription: Subscription, event: WakeEvent): boolean {
    if (this.#stopped || !subscription.alive) return false;
    const { cycle, announce } = advance(subscription.cycle, event, this.#context.clock(), subscription.rules);
    if (cycle === subscription.cycle) return false;
    subscription.cycle = cycle;
    this.#ledger.noteHead(subscription);
    this.#watch(subscription);
    if (announce) this.#begin(subscription);
    return true;
  }

  /** Lets go of a subscription that was deleted. */
  forget(subscription: Subscription): void {
    clearTimeout(this.#timers.get(subscription));
    this.#timers.delete(subscription);
    this.#underWay.get(subscription)?.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#timers.forEach((timer) => clearTimeout(timer));
    this.#underWay.forEach((delivery) => delivery.abort());
    await Promise.all(this.#tasks);
  }

  #watch(subscription: Subscription): void {
    clearTimeout(this.#timers.get(subscription));
    this.#timers.delete(subscription);
    const dueAt = subscription.cycle.wake?.dueAt;
    if (dueAt === undefined) return;
    const waitMs = Math.min(Math.max(dueAt - this.#context.clock(), 1), limits.leaseMsMax);
    this.#timers.set(subscription, setTimeout(() => this.#onDue(subscription), waitMs));
  }

  #onDue(subscription: Subscription): void {
    if (!this.step(subscription, { kind: "due" })) return this.#watch(subscription); // the timer was early
    this.consider(subscription);
  }

  #begin(subscription: Subscription): void {
    // An earlier wake's request, which its worker overtook by calling back, has nothing more to say.
    this.#underWay.get(subscription)?.abort();
    const task = this.#announce(subscription).finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
  }

  async #announce(subscription: Subscription): Promise<void> {
    const { generation } = subscription.cycle;
    const given = new AbortController();
    this.#underWay.set(subscription, given);
    const patience = setTimeout(
      () => given.abort(new Error("It did not answer in time")),
      Math.min(limits.webhookMs, subscription.rules.leaseMs),
    );
    const outcome = await this.#tell(subscription, generation, given.signal);
    clearTimeout(patience);
    if (this.#underWay.get(subscription) === given) this.#underWay.delete(subscription);
    if (outcome) this.#conclude(subscription, generation, outcome);
  }

  /** Tells of a wake once its generation is stored, which must never be given out again; undefined if it is over by then. */
  async #tell(subscription: Subscription, generation: number, signal: AbortSignal): Promise<Announced | undefined> {
    try {
      await this.#ledger.flush();
    } catch {
      return { failure: "The subscription could not be stored" }; // the ledger has said why
    }
    const { wake } = subscription.cycle;
    if (signal.aborted || wake?.phase !== "announcing" || subscription.cycle.generation !== generation) {
      return undefined;
    }
    return await announce(subscription, wake, this.#context, signal);
  }

  #conclude(subscription: Subscription, generation: number, { failure, done }: Announced): void {
    if (this.#stopped || !subscription.alive) return;
    if (failure === undefined) this.step(subscription, { kind: "accepted", generation });
    else if (this.step(subscription, { kind: "refused", generation, jitter: Math.random() })) {
      this.#context.log("warn", "A subscription could not be woken; it is tried again", {
        subscription: subscription.id,
        reason: failure,
        failures: subscription.cycle.failures,
      });
    }
    if (done && subscription.cycle.wake && subscription.cycle.generation === generation) {
      this.#acknowledgeAll(subscription, done);
      this.finish(subscription);
    }
  }

  #acknowledgeAll(subscription: Subscription, snapshot: Snapshot): void {
    for (const { path, number, tail } of snapshot) {
      const link = subscription.links.get(path);
      if (!link || link.number !== number || number === undefined || tail <= link.acked) continue;
      subscription.links.acknowledge(link, tail);
      this.#ledger.noteLink(subscription, path);
    }
  }
}

/** Makes the id of a wake, which nobody can guess. */
export function newWakeId(): string {
  return `w_${crypto.randomUUID().replaceAll("-", "")}`;
}
