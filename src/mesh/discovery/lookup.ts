/**
 * Finds the nodes that are nearest to a place (Kademlia §2.3): asks the nearest it knows for nearer ones, a few at a time,
 * until the nearest have all answered. Whoever is slow is not waited for, whoever fails is left out.
 */

import type { Clock } from "../clock.ts";
import { meshLimits } from "../limits.ts";
import type { NodeId } from "../node_id.ts";
import { type Candidate, Candidates } from "./candidates.ts";
import type { Peer } from "./peer.ts";
import type { Placed } from "./place.ts";

/** What is looked for, and how. */
export interface LookupOptions {
  readonly target: Placed;
  /** The id of whoever looks. */
  readonly own: NodeId;
  /** Nodes to begin with. */
  readonly first: readonly Peer[];
  readonly clock: Clock;
  /**
   * Asks a node for others. Rejects when none of what came, or nothing, is of use.
   *
   * @param depth how many nodes it took to come to it, itself among them
   */
  ask(peer: Peer, depth: number): Promise<readonly Peer[]>;
  /** True when what was looked for has been found; asked after each answer. */
  isEnough?(): boolean;
  /** Most questions. */
  readonly questions?: number;
}

/** What came of it. */
export interface LookupResult {
  /** Nodes that answered, the nearest first. */
  readonly closest: readonly Peer[];
  /** How many nodes it took to come to the nearest. */
  readonly hops: number;
  readonly questions: number;
  /** Those that were not answered, or wrongly. */
  readonly failures: number;
}

/** One lookup. */
export class Lookup {
  readonly #options: LookupOptions;
  readonly #candidates: Candidates;
  readonly #result = Promise.withResolvers<LookupResult>();
  readonly #questionsMost: number;
  /** Those that are waited for, in the order in which they were asked. */
  readonly #awaited = new Set<Candidate>();
  /** Those under way, slow ones among them. */
  #underWay = 0;
  #questions = 0;
  #answers = 0;
  #failures = 0;
  #isOver = false;
  #stopTimer: (() => void) | undefined;

  constructor(options: LookupOptions) {
    this.#options = options;
    this.#questionsMost = options.questions ?? meshLimits.lookupQuestions;
    this.#candidates = new Candidates(options.target, options.own);
    for (const peer of options.first) this.#candidates.add(peer, undefined);
  }

  /** Begins. */
  run(): Promise<LookupResult> {
    this.#step();
    return this.#result.promise;
  }

  /** Ends it with what there is. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopTimer?.();
    const closest = this.#candidates.nearest(hasAnswered);
    this.#result.resolve({
      closest: closest.map(({ peer }) => peer),
      hops: closest[0]?.depth ?? 0,
      questions: this.#questions,
      failures: this.#failures,
    });
  }

  #step(): void {
    if (this.#isOver) return;
    if (this.#options.isEnough?.()) return this.stop();
    for (const candidate of this.#candidates.nearest(isOfUse)) {
      if (this.#awaited.size >= meshLimits.lookupParallel || this.#questions >= this.#questionsMost) break;
      if (candidate.state === "new") this.#ask(candidate);
    }
    if (this.#awaited.size > 0) return;
    // Slow ones are worth waiting for as long as nobody else has said anything.
    if (this.#answers > 0 || this.#underWay === 0) this.stop();
  }

  #ask(candidate: Candidate): void {
    candidate.state = "asked";
    candidate.tries++;
    candidate.askedMs = this.#options.clock.nowMs();
    this.#awaited.add(candidate);
    this.#underWay++;
    this.#questions++;
    this.#options.ask(candidate.peer, candidate.depth).then(
      (named) => this.#answered(candidate, named),
      () => this.#failed(candidate),
    );
    this.#stopTimer ??= this.#options.clock.after(meshLimits.lookupSlowMs, () => this.#lookForSlow());
  }

  #answered(candidate: Candidate, named: readonly Peer[]): void {
    this.#settle(candidate);
    this.#answers++;
    this.#candidates.answered(candidate);
    for (const peer of named) this.#candidates.add(peer, candidate);
    this.#step();
  }

  /** What failed was told elsewhere by whoever asked. */
  #failed(candidate: Candidate): void {
    this.#settle(candidate);
    this.#failures++;
    this.#candidates.failed(candidate);
    this.#step();
  }

  #settle(candidate: Candidate): void {
    this.#underWay--;
    this.#awaited.delete(candidate);
  }

  #lookForSlow(): void {
    const { clock } = this.#options;
    this.#stopTimer = undefined;
    const now = clock.nowMs();
    for (const candidate of this.#awaited) {
      const leftMs = candidate.askedMs + meshLimits.lookupSlowMs - now;
      if (leftMs > 0) {
        this.#stopTimer = clock.after(leftMs, () => this.#lookForSlow());
        break;
      }
      candidate.state = "slow";
      this.#awaited.delete(candidate);
    }
    this.#step();
  }
}

function hasAnswered({ state }: Candidate): boolean {
  return state === "answered";
}

function isOfUse({ state }: Candidate): boolean {
  return state !== "failed" && state !== "slow";
}
