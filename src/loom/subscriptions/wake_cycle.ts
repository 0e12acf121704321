/**
 * How a subscription goes from one wake to the next. Pure: an event and a time go in, the next state and what is to be
 * done come out.
 *
 * ```
 *          pending                 accepted
 *   idle ----------> announcing ----------------> leased     (webhook)
 *    ^                 |    ^ `--> offered --.      |  | renewed: a later end
 *    |         refused |    | due   (pull)   | claimed |
 *    |                 v    |                v      |
 *    |               retrying --- claimed -> leased |
 *    |                                              |
 *    '--------- ended: done, released; due: its time is over
 * ```
 *
 * A worker's claim or callback is taken in every state of a wake: it lives, whatever became of the announcement.
 */

import { limits } from "../../limits.ts";

/** A wake from its announcement to its end. */
export interface Wake {
  /** Unique. */
  readonly id: string;
  readonly phase: "announcing" | "retrying" | "offered" | "leased";
  /** When it is announced again, or the lease ends, milliseconds since 1970. */
  readonly dueAt?: number;
  /** The worker that claimed it. */
  readonly holder?: string;
}

/** Where a subscription stands. */
export interface WakeCycle {
  /** Counts wakes: what belongs to an earlier one is refused. */
  readonly generation: number;
  /** Announcements that failed in a row. */
  readonly failures: number;
  /** Undefined while idle. */
  readonly wake?: Wake;
}

/** What happens to it. */
export type WakeEvent =
  /** Something waits to be read. */
  | { readonly kind: "pending"; readonly wakeId: string }
  /** The announcement of a generation arrived. */
  | { readonly kind: "accepted"; readonly generation: number }
  /** It did not; `jitter` is a number from 0 to 1. */
  | { readonly kind: "refused"; readonly generation: number; readonly jitter: number }
  /** A worker wants the work; only when nobody holds it. */
  | { readonly kind: "claimed"; readonly worker: string; readonly wakeId: string }
  /** A worker shows that it lives. */
  | { readonly kind: "renewed" }
  /** The work is done, or given back. */
  | { readonly kind: "ended" }
  /** A time has come. */
  | { readonly kind: "due" };

/** What a cycle goes by. */
export interface WakeRules {
  readonly type: "webhook" | "pull-wake";
  readonly leaseMs: number;
}

/** What follows from an event. */
export interface Step {
  readonly cycle: WakeCycle;
  /** The wake is to be announced now. */
  readonly announce: boolean;
}

/** Where a new subscription stands. */
export const idle: WakeCycle = { generation: 0, failures: 0 };

/** Takes one step. An event that the state does not expect, such as the answer to an earlier wake, changes nothing. */
export function advance(cycle: WakeCycle, event: WakeEvent, nowMs: number, rules: WakeRules): Step {
  const next = nextCycle(cycle, event, nowMs, rules);
  return { cycle: next, announce: next !== cycle && next.wake?.phase === "announcing" };
}

function nextCycle(cycle: WakeCycle, event: WakeEvent, nowMs: number, rules: WakeRules): WakeCycle {
  const { wake, generation, failures } = cycle;
  const leaseEnd = nowMs + rules.leaseMs;
  switch (event.kind) {
    case "pending":
      if (wake) return cycle;
      return { generation: generation + 1, failures, wake: { id: event.wakeId, phase: "announcing" } };
    case "accepted":
      if (event.generation !== generation) return cycle;
      if (wake?.phase !== "announcing") return { ...cycle, failures: 0 };
      if (rules.type === "pull-wake") return { generation, failures: 0, wake: { id: wake.id, phase: "offered" } };
      return { generation, failures: 0, wake: { id: wake.id, phase: "leased", dueAt: leaseEnd } };
    case "refused": {
      if (event.generation !== generation || wake?.phase !== "announcing") return cycle;
      const dueAt = nowMs + retryMs(failures, event.jitter);
      return { generation, failures: failures + 1, wake: { id: wake.id, phase: "retrying", dueAt } };
    }
    case "claimed": {
      if (wake?.phase === "leased") return cycle;
      const leased = { phase: "leased", dueAt: leaseEnd, holder: event.worker } as const;
      if (wake) return { ...cycle, wake: { id: wake.id, ...leased } };
      return { generation: generation + 1, failures, wake: { id: event.wakeId, ...leased } };
    }
    case "renewed":
      return wake ? { ...cycle, wake: { ...wake, phase: "leased", dueAt: leaseEnd } } : cycle;
    case "ended":
      return wake ? { generation, failures: 0 } : cycle; // whoever says so is there
    case "due":
      return wake?.dueAt !== undefined && nowMs >= wake.dueAt ? whenDue(cycle, wake) : cycle;
  }
}

function whenDue({ generation, failures }: WakeCycle, wake: Wake): WakeCycle {
  if (wake.phase === "retrying") return { generation, failures, wake: { id: wake.id, phase: "announcing" } };
  return { generation, failures };
}

/** How long to wait after so many failures: doubling, a fifth more or less, so that receivers are not asked all at once. */
export function retryMs(failures: number, jitter: number): number {
  const base = Math.min(limits.wakeRetryMsMin * 2 ** Math.min(failures, 30), limits.wakeRetryMsMax);
  return Math.round(base * (0.8 + 0.4 * jitter));
}
