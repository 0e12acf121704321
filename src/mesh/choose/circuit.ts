/** Whether a provider is asked at all. */

import { backoffMs } from "../../net/backoff.ts";
import { meshLimits } from "../limits.ts";
import { FailureRate } from "./failure_rate.ts";

/** How a call ended. What it does to its provider: */
export type Outcome =
  /** It was answered, and the answer came to its end. */
  | "ok"
  /** The provider could not be reached, broke off or was too late. */
  | "failed"
  /** The provider said that it has too much to do: it is alive, and is left alone shortly. */
  | "refused"
  /** Whoever called wanted it no more, which is nobody's fault. */
  | "cancelled";

/** What of a call matters here. */
export interface Ended {
  readonly begunMs: number;
  readonly isProbe: boolean;
}

/** `in`: it takes calls; `probe`: it may take one, to see whether it is well again; `out`: none, if there are others. */
export type Standing = "in" | "probe" | "out";

const EJECTION = { firstMs: meshLimits.ejectFirstMs, mostMs: meshLimits.ejectMostMs };
const REST = { firstMs: meshLimits.restFirstMs, mostMs: meshLimits.restMostMs };

/**
 * The circuit breaker of one provider.
 *
 * ```text
 *   in --- several failures in a row, or most of many calls ---> out --- its time is over ---> probe
 *   ^                                                             ^                              |
 *   |                                                             +--- fails: out for longer ----+
 *   +------------------------- a call that began since it was out is ok -------------------------+
 * ```
 *
 * One that refuses is out too, for a shorter while, and is in again without a probe.
 */
export class Circuit {
  readonly #random: () => number;
  readonly #rate = new FailureRate();
  #failuresInRow = 0;
  /** When it was ejected last; undefined while it is not. */
  #ejectedMs: number | undefined;
  #ejectedUntilMs = 0;
  #ejections = 0;
  /** When it came back last. */
  #returnedMs = -Infinity;
  #probes = 0;
  #restsSinceMs = -Infinity;
  #restsUntilMs = 0;
  #refusals = 0;
  #troubledMs = -Infinity;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** When it failed or refused last. */
  get troubledMs(): number {
    return this.#troubledMs;
  }

  /** What it is good for now. */
  standing(nowMs: number): Standing {
    if (nowMs < this.#restsUntilMs) return "out";
    if (this.#ejectedMs === undefined) return "in";
    return nowMs < this.#ejectedUntilMs || this.#probes > 0 ? "out" : "probe";
  }

  /** By how much its costs count more: below the bar at which it is ejected, failures are a reason to prefer others. */
  penalty(nowMs: number): number {
    return this.#rate.penalty(nowMs);
  }

  /** A call begins. @returns true when it is the one that finds out whether it is well again */
  begin(nowMs: number): boolean {
    const isProbe = this.standing(nowMs) === "probe";
    if (isProbe) this.#probes++;
    return isProbe;
  }

  /** A call has ended. */
  end({ begunMs, isProbe }: Ended, outcome: Outcome, nowMs: number): void {
    if (isProbe) this.#probes--;
    if (outcome === "ok") this.#succeed(begunMs, nowMs);
    else if (outcome === "failed") this.#fail(begunMs, nowMs);
    else if (outcome === "refused") this.#refuse(begunMs, nowMs);
  }

  #succeed(begunMs: number, nowMs: number): void {
    this.#failuresInRow = 0;
    this.#refusals = 0;
    if (this.#ejectedMs === undefined) return this.#rate.add(false, nowMs);
    if (begunMs < this.#ejectedMs) return; // it had been sent before the trouble began
    this.#ejectedMs = undefined;
    this.#returnedMs = nowMs;
    this.#rate.clear(); // old failures don't eject it for its first new one
  }

  #fail(begunMs: number, nowMs: number): void {
    this.#troubledMs = nowMs;
    this.#failuresInRow++;
    this.#rate.add(true, nowMs);
    if (this.#ejectedMs !== undefined) {
      // What was sent before its time was over says nothing new.
      if (begunMs >= this.#ejectedUntilMs) this.#eject(nowMs);
    } else if (this.#failuresInRow >= meshLimits.ejectFailures || this.#rate.isHigh) {
      if (nowMs - this.#returnedMs > meshLimits.ejectForgetMs) this.#ejections = 0;
      this.#eject(nowMs);
    }
  }

  #eject(nowMs: number): void {
    this.#ejectedMs = nowMs;
    this.#ejectedUntilMs = nowMs + backoffMs(this.#ejections++, EJECTION, this.#random);
  }

  #refuse(begunMs: number, nowMs: number): void {
    this.#troubledMs = nowMs;
    if (begunMs < this.#restsSinceMs) return; // one refusal of many that were sent at once
    this.#restsSinceMs = nowMs;
    this.#restsUntilMs = nowMs + backoffMs(this.#refusals++, REST, this.#random);
  }
}
