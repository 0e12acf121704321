/**
 * Which provider of a service takes a call: of two that are drawn the one with the smaller product of latency, calls
 * under way and failures, among those that are not ejected. It costs the same for three providers and for thousands.
 */

import { meshLimits } from "../limits.ts";
import { type Candidate, Nearness, type Rings } from "./nearness.ts";
import { type Attempt, Provider, type ProviderObserver } from "./provider.ts";

/** Options of {@linkcode Chooser}. */
export interface ChooserOptions {
  /** From 0 to below 1, as `Math.random`. */
  readonly random: () => number;
  /** `first`: one of this machine, else of this zone, else any, as long as the nearer ones are well and not too busy. */
  readonly locality?: "first" | "none";
  /** Where the caller stands; `locality` needs it to know its zone. */
  readonly zone?: string;
}

/** Lists up to this length are looked through rather than drawn from until something is found. */
const SHORT = 32;

/** How often is drawn from long ones, until they are looked through all the same. */
const DRAWS = 16;

/**
 * Chooses providers of one service. Each service has its own: what a provider takes for one says nothing of another.
 *
 * It learns from the calls that it is told of, and only from these. A provider that was slow is asked again when its
 * latency has faded, but so rarely that this does not show in the slowest percent of all calls; a trial that turns out
 * well costs nothing, so that only bad ones are rationed.
 */
export class Chooser {
  readonly #random: () => number;
  readonly #nearness: Nearness | undefined;
  /** By key; first those to which no call went for longest. */
  readonly #providers = new Map<string, Provider>();
  /** Those that were ejected or refused, and may be out still. */
  readonly #troubled = new Set<Provider>();
  readonly #observer: ProviderObserver = {
    sampled: (provider, ms) => this.#learn(provider, ms),
    settled: (provider, nowMs) => {
      if (provider.circuit.standing(nowMs) !== "in") this.#troubled.add(provider);
    },
  };
  /** Latency of those that no call went to: what it is of those that calls go to. */
  #usualMs: number | undefined;
  /** Trials that there may be. */
  #trials = 1;

  constructor({ random, locality, zone }: ChooserOptions) {
    this.#random = random;
    this.#nearness = locality === "first" ? new Nearness(zone) : undefined;
  }

  /** How many providers are remembered. */
  get size(): number {
    return this.#providers.size;
  }

  /**
   * Picks one; undefined when all were tried. Of more than half that are ejected, those take part all the same that are
   * longest without a failure: then there is something wrong that is no provider's fault.
   *
   * @param candidates a list that is not changed afterwards
   * @param tried keys of those that this call failed at
   * @param nowMs a clock that never goes back
   */
  pick(candidates: readonly Candidate[], tried: ReadonlySet<string>, nowMs: number): Candidate | undefined {
    this.#trials = Math.min(this.#trials + meshLimits.trialShare, meshLimits.trialsMost);
    if (tried.size === 0 && this.#troubled.size === 0) return this.#pickNear(this.#rings(candidates), 0, nowMs);
    const isMany = candidates.length > SHORT && 2 * this.#troubled.size < candidates.length;
    const rings = isMany ? this.#rings(candidates).map((ring) => this.#someOf(ring, tried, nowMs)) : [];
    const found = rings.filter(({ length }) => length > 0);
    if (found.length > 0) return this.#pickNear(found, 0, nowMs);
    return this.#pickNear(this.#rings(this.#lookThrough(candidates, tried, nowMs)), 0, nowMs);
  }

  /** A call to a provider begins. */
  begin(key: string, nowMs: number): Attempt {
    const provider = this.#providers.get(key) ?? new Provider(key, this.#random, this.#observer);
    this.#providers.delete(key); // it goes to the end
    this.#providers.set(key, provider);
    this.#forget(nowMs);
    return provider.begin(nowMs, this.#usualMs);
  }

  get #usual(): number {
    return this.#usualMs ?? meshLimits.latencyFirstMs;
  }

  /** Candidates by nearness, where that matters. */
  #rings(candidates: readonly Candidate[]): Rings {
    return this.#nearness?.rings(candidates) ?? [candidates];
  }

  /** Of the nearest ring, unless that costs much more than what lies beyond. */
  #pickNear(rings: Rings, ring: number, nowMs: number): Candidate | undefined {
    const near = rings.length > 0 ? this.#pickOfTwo(rings[ring], nowMs) : undefined;
    if (!near || ring === rings.length - 1 || this.#isDue(near, nowMs)) return near;
    const far = this.#pickNear(rings, ring + 1, nowMs)!;
    return this.#better(near, far, nowMs, meshLimits.localityTimes);
  }

  #pickOfTwo(among: readonly Candidate[], nowMs: number): Candidate | undefined {
    const one = this.#below(among.length);
    if (among.length < 2) return among[one];
    const other = this.#below(among.length - 1);
    const [first, second] = [among[one], among[other < one ? other : other + 1]];
    if (this.#isDue(first, nowMs)) return first;
    return this.#isDue(second, nowMs) ? second : this.#better(first, second, nowMs, 1);
  }

  /** The first, unless the second costs less even times a factor, and not by hope alone. */
  #better(first: Candidate, second: Candidate, nowMs: number, times: number): Candidate {
    const [one, other] = [this.#providers.get(first.key), this.#providers.get(second.key)];
    const [a, b] = [this.#cost(one, nowMs), this.#cost(other, nowMs) * times];
    if (a <= b) return this.#isRash(one, other, nowMs) ? second : first;
    return this.#isRash(other, one, nowMs) ? first : second;
  }

  /** True for one that was much slower when it was last heard of, while no trial is left. */
  #isRash(provider: Provider | undefined, other: Provider | undefined, nowMs: number): boolean {
    const otherMs = other?.expectedMs(nowMs, this.#usual) ?? this.#usual;
    if (!provider || provider.knownMs(nowMs, this.#usual) <= otherMs * meshLimits.trialTimes) return false;
    if (this.#trials < 1) return true;
    this.#trials--;
    provider.trialMs = otherMs * meshLimits.trialTimes;
    return false;
  }

  #cost(provider: Provider | undefined, nowMs: number): number {
    return provider ? provider.cost(nowMs, this.#usual) : this.#usual;
  }

  /**
   * True for one that wants a single call whatever it costs: to be known at all, or to show that it is well again. Were
   * new ones only compared, they would wait for as long as what is known of others sounds better.
   */
  #isDue({ key }: Candidate, nowMs: number): boolean {
    const provider = this.#providers.get(key);
    if (!provider || provider.isUnknown) return true;
    return this.#troubled.size > 0 && this.#standing(key, nowMs) === "probe";
  }

  /** Two of those that may be picked, or all of them where two are not found quickly. */
  #someOf(among: readonly Candidate[], tried: ReadonlySet<string>, nowMs: number): readonly Candidate[] {
    const isUsable = ({ key }: Candidate) => !tried.has(key) && this.#standing(key, nowMs) !== "out";
    let first: Candidate | undefined;
    for (let draws = among.length > SHORT ? DRAWS : 0; draws > 0; draws--) {
      const drawn = among[this.#below(among.length)];
      if (drawn === first || !isUsable(drawn)) continue;
      if (first) return [first, drawn];
      first = drawn;
    }
    return among.filter(isUsable);
  }

  /** Those that may be picked, when that depends on all: no more than half may be out. */
  #lookThrough(candidates: readonly Candidate[], tried: ReadonlySet<string>, nowMs: number): Candidate[] {
    const usable: Candidate[] = [];
    const out: Candidate[] = [];
    for (const candidate of candidates) {
      (this.#standing(candidate.key, nowMs) === "out" ? out : usable).push(candidate);
    }
    const most = Math.floor(candidates.length * meshLimits.ejectShare);
    if (out.length > 0) out.sort((a, b) => this.#troubledMs(a) - this.#troubledMs(b));
    if (out.length > most) usable.push(...out.splice(0, out.length - most));
    if (tried.size === 0) return usable;
    const untried = usable.filter(({ key }) => !tried.has(key));
    return untried.length > 0 ? untried : out.filter(({ key }) => !tried.has(key)).slice(0, 1);
  }

  #standing(key: string, nowMs: number): "in" | "probe" | "out" {
    const provider = this.#providers.get(key);
    const standing = provider?.circuit.standing(nowMs) ?? "in";
    if (standing === "in" && provider) this.#troubled.delete(provider);
    return standing;
  }

  #troubledMs({ key }: Candidate): number {
    return this.#providers.get(key)?.circuit.troubledMs ?? -Infinity;
  }

  #learn(provider: Provider, ms: number): void {
    if (provider.trialMs !== undefined && ms <= provider.trialMs) this.#trials++;
    provider.trialMs = undefined;
    const level = provider.levelMs!;
    this.#usualMs ??= level;
    this.#usualMs += (level - this.#usualMs) / meshLimits.latencyUsualSamples;
  }

  /** Lets go of the one that was not used for longest, if that is long or there are too many. */
  #forget(nowMs: number): void {
    const [[key, provider]] = this.#providers;
    const isOld = nowMs - provider.usedMs > meshLimits.providerForgetMs;
    if (!isOld && this.#providers.size <= meshLimits.providersKnown) return;
    this.#providers.delete(key);
    if (provider.inFlight > 0) this.#providers.set(key, provider);
    else this.#troubled.delete(provider);
  }

  #below(count: number): number {
    return Math.floor(this.#random() * count);
  }
}
