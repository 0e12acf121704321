/** A service whose providers are simulated, and the calls to it: minutes pass in a second, the same way for each seed. */

import type { Outcome } from "../../../src/mesh/choose/circuit.ts";
import type { Candidate } from "../../../src/mesh/choose/nearness.ts";
import type { Attempt } from "../../../src/mesh/choose/provider.ts";
import type { RetryBudget } from "../../../src/mesh/choose/retry_budget.ts";
import { randomFrom } from "../../support/random.ts";

/** What is simulated with: a chooser, or what it is compared with. */
export interface AnyChooser {
  pick(candidates: readonly Candidate[], tried: ReadonlySet<string>, nowMs: number): Candidate | undefined;
  begin(key: string, nowMs: number): Attempt;
}

/** Fractions from 0 to below 1. */
export function fractions(seed: number): () => number {
  const random = randomFrom(seed);
  return () => random(2 ** 31) / 2 ** 31;
}

/** Things that happen at their time. */
export class Agenda {
  nowMs = 0;
  /** A heap by time, then by number. */
  readonly #due: { readonly atMs: number; readonly number: number; readonly action: () => void }[] = [];
  #count = 0;

  /** Does something at a time. */
  at(atMs: number, action: () => void): void {
    const due = this.#due;
    const item = { atMs, number: this.#count++, action };
    let place = due.push(item) - 1;
    while (place > 0 && isBefore(item, due[(place - 1) >> 1])) {
      due[place] = due[(place - 1) >> 1];
      place = (place - 1) >> 1;
    }
    due[place] = item;
  }

  /** Does something later. */
  after(ms: number, action: () => void): void {
    this.at(this.nowMs + ms, action);
  }

  /** Lets time pass. */
  run(untilMs: number): void {
    while (this.#due.length > 0 && this.#due[0].atMs <= untilMs) {
      const { atMs, action } = this.#take();
      this.nowMs = atMs;
      action();
    }
    this.nowMs = untilMs;
  }

  #take(): { readonly atMs: number; readonly action: () => void } {
    const due = this.#due;
    const first = due[0];
    const last = due.pop()!;
    if (due.length === 0) return first;
    let place = 0;
    for (let child = 1; child < due.length; child = 2 * place + 1) {
      if (child + 1 < due.length && isBefore(due[child + 1], due[child])) child++;
      if (!isBefore(due[child], last)) break;
      due[place] = due[child];
      place = child;
    }
    due[place] = last;
    return first;
  }
}

function isBefore(a: { atMs: number; number: number }, b: { atMs: number; number: number }): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.number < b.number);
}

/** How a simulated provider works; all of it may be changed while time passes. */
export interface SimulatedProvider extends Candidate {
  /** Added to what each call takes. */
  extraMs?: number;
  /** What one call takes where nothing waits; else what the service's calls take. */
  workMs?: () => number;
  /** Calls that it works at together; others wait. Without it all of them. */
  workers?: number;
  /** It says nothing any more. */
  isSilent?: boolean;
  /** The part of calls that fail, in no time. */
  failing?: number;
  /** It refuses, in no time, what is more than this many at a time. */
  mostAtOnce?: number;
}

/** A call as it was seen from outside. */
export interface Seen {
  readonly begunMs: number;
  readonly ms: number;
  readonly outcome: Outcome;
  /** Who was asked, in order. */
  readonly asked: readonly string[];
}

/** How calls come. */
export type Load = { readonly perSecond: number } | { readonly atOnce: number };

/** What is simulated. */
export interface Simulation {
  readonly chooser: AnyChooser;
  readonly load: Load;
  readonly seed: number;
  readonly providers: SimulatedProvider[];
  /** How long a caller waits for one that has turned silent. */
  readonly timeoutMs?: number;
  /** How many times a call is tried at most. */
  readonly tries?: number;
  /** Asked before each retry; without one, all are tried again. */
  readonly budget?: RetryBudget;
}

/** Calls of some milliseconds, as most are: half take 5 ms, one of a hundred 16 ms. */
export function usualWork(random: () => number): () => number {
  return () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return 5 * Math.exp(normal / 2);
  };
}

/** Runs it. */
export class SimulatedService {
  readonly agenda = new Agenda();
  readonly records: Seen[] = [];
  /** What is there, as the chooser is told; a new list when it changes. */
  candidates: readonly SimulatedProvider[];
  /** Calls that came to each. */
  readonly asked = new Map<string, number>();
  readonly #simulation: Simulation;
  readonly #random: () => number;
  readonly #work: () => number;
  readonly #busy = new Map<SimulatedProvider, { working: number; readonly waiting: (() => void)[] }>();

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.candidates = simulation.providers;
    this.#random = fractions(simulation.seed);
    this.#work = usualWork(this.#random);
    const { load } = simulation;
    if ("perSecond" in load) this.#arrive(load.perSecond);
    else for (let i = 0; i < load.atOnce; i++) this.agenda.after(i / load.atOnce, () => this.#call(true));
  }

  /** Lets seconds pass; gives the calls that ended in them. */
  run(seconds: number): Seen[] {
    const from = this.records.length;
    this.agenda.run(this.agenda.nowMs + seconds * 1000);
    return this.records.slice(from);
  }

  #arrive(perSecond: number): void {
    this.agenda.after(-Math.log(1 - this.#random()) * 1000 / perSecond, () => {
      this.#call(false);
      this.#arrive(perSecond);
    });
  }

  #call(isRepeated: boolean): void {
    const begunMs = this.agenda.nowMs;
    const asked: string[] = [];
    const end = (outcome: Outcome) => {
      this.records.push({ begunMs, ms: this.agenda.nowMs - begunMs, outcome, asked });
      if (isRepeated) this.agenda.after(outcome === "ok" ? 0 : 1, () => this.#call(true));
    };
    this.#try(asked, end);
  }

  #try(asked: string[], end: (outcome: Outcome) => void): void {
    const { chooser, tries = 1, budget } = this.#simulation;
    if (asked.length === 0) budget?.deposit(this.agenda.nowMs);
    const picked = chooser.pick(this.candidates, new Set(asked), this.agenda.nowMs) as SimulatedProvider | undefined;
    if (!picked) return end("failed");
    asked.push(picked.key);
    this.asked.set(picked.key, (this.asked.get(picked.key) ?? 0) + 1);
    this.#ask(picked, (outcome) => {
      const again = outcome !== "ok" && asked.length < tries && (budget?.tryWithdraw(this.agenda.nowMs) ?? true);
      if (again) this.#try(asked, end);
      else end(outcome);
    });
  }

  #ask(provider: SimulatedProvider, end: (outcome: Outcome) => void): void {
    const attempt = this.#simulation.chooser.begin(provider.key, this.agenda.nowMs);
    let isOver = false;
    const finish = (outcome: Outcome) => {
      if (isOver) return;
      isOver = true;
      if (outcome === "ok") attempt.answered(this.agenda.nowMs);
      attempt.ended(this.agenda.nowMs, outcome);
      end(outcome);
    };
    const timeoutMs = this.agenda.nowMs + (this.#simulation.timeoutMs ?? 10_000);
    const busy = this.#busyOf(provider);
    const giveUp = () => this.agenda.at(timeoutMs, () => finish("failed"));
    if (provider.isSilent) return giveUp();
    if (this.#random() < (provider.failing ?? 0)) return this.agenda.after(0.2, () => finish("failed"));
    if (busy.working >= (provider.mostAtOnce ?? Infinity)) return this.agenda.after(0.2, () => finish("refused"));
    this.#start(provider, () => provider.isSilent ? giveUp() : finish("ok"));
  }

  #busyOf(provider: SimulatedProvider): { working: number; readonly waiting: (() => void)[] } {
    const found = this.#busy.get(provider) ?? { working: 0, waiting: [] };
    this.#busy.set(provider, found);
    return found;
  }

  #start(provider: SimulatedProvider, done: () => void): void {
    const busy = this.#busyOf(provider);
    const work = () => {
      busy.working++;
      this.agenda.after((provider.workMs ?? this.#work)() + (provider.extraMs ?? 0), () => {
        busy.working--;
        done();
        busy.waiting.shift()?.();
      });
    };
    if (busy.working < (provider.workers ?? Infinity)) work();
    else busy.waiting.push(work);
  }
}

/** What a part of the calls takes at most, milliseconds. */
export function quantile(records: readonly Seen[], part: number): number {
  const sorted = records.map(({ ms }) => ms).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}

/** The part of the calls that one provider was the last to be asked for, 0 to 1. */
export function shareOf(key: string, records: readonly Seen[]): number {
  return records.filter(({ asked }) => asked.at(-1) === key).length / records.length;
}
