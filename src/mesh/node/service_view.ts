/** One service as a caller sees it: who offers it at the moment, and what was learnt of them. */

import type { Clock } from "../clock.ts";
import { Chooser, type ChooserOptions } from "../choose/chooser.ts";
import type { ServicePattern } from "../choose/range.ts";
import { RetryBudget } from "../choose/retry_budget.ts";
import type { Reach } from "../contact.ts";
import type { ProviderRecord } from "../discovery/provider_record.ts";
import { meshLimits } from "../limits.ts";
import type { NodeId } from "../node_id.ts";
import type { LocalProvider, Provider, RemoteProvider } from "./provider.ts";

/** Where providers come from. */
export interface ProviderSource {
  /** Those that other nodes are. */
  known(service: string): readonly ProviderRecord[];
  /** Those of this node. */
  local(service: string): readonly LocalProvider[];
  /** Of those who are known, one is not there any more. */
  outdated(service: string): void;
  /** True for a node on this machine. */
  isNear(reach: Reach): boolean;
}

/** Providers that match one pattern, as they were a moment ago. */
interface Listed {
  readonly providers: readonly Provider[];
  readonly madeMs: number;
}

/** What is known of one service. */
export class ServiceView {
  readonly chooser: Chooser;
  readonly budget = new RetryBudget();
  /** It was looked for: of those that are called in place of each other, the later ones wait for that. */
  wasSought = false;
  readonly #service: string;
  readonly #source: ProviderSource;
  readonly #clock: Clock;
  readonly #lists = new Map<string, Listed>();
  /** What was made of a record, so that it stays one provider. */
  readonly #remote = new WeakMap<ProviderRecord, RemoteProvider>();
  /** Records that do not hold any more. When their providers are back, they tell anew. */
  readonly #gone = new WeakSet<ProviderRecord>();

  constructor(service: string, source: ProviderSource, clock: Clock, options: ChooserOptions) {
    this.#service = service;
    this.#source = source;
    this.#clock = clock;
    this.chooser = new Chooser(options);
  }

  /** Who offers what a pattern asks for. Looked up some fifty times a second at most, however many calls there are. */
  providers(pattern: ServicePattern): readonly Provider[] {
    const nowMs = this.#clock.nowMs();
    const before = this.#lists.get(pattern.text);
    if (before && before.providers.length > 0 && nowMs - before.madeMs < meshLimits.providersFreshMs) {
      return before.providers;
    }
    const local = this.#source.local(this.#service);
    const known = this.#source.known(this.#service).filter((record) => !this.#gone.has(record));
    const remote = known.map((record) => this.#providerOf(record));
    const providers = [...local, ...remote].filter(({ version }) => pattern.matches(version));
    if (this.#lists.size >= meshLimits.patternsOfService) this.#lists.clear();
    this.#lists.set(pattern.text, { providers, madeMs: nowMs });
    return providers;
  }

  /** A provider has said that it does not offer the service any more. */
  gone({ record }: RemoteProvider): void {
    this.#miss(record);
    this.#lists.clear();
  }

  /** A node is about to leave. */
  left(id: NodeId): void {
    for (const record of this.#source.known(this.#service)) if (record.reach.id === id) this.#miss(record);
    this.#lists.clear();
  }

  /** Whoever repeats it causes no more searches. */
  #miss(record: ProviderRecord): void {
    if (this.#gone.has(record)) return;
    this.#gone.add(record);
    this.#source.outdated(this.#service);
  }

  /** What was found a moment ago may not hold any more. */
  refresh(): void {
    this.#lists.clear();
  }

  #providerOf(record: ProviderRecord): RemoteProvider {
    const known = this.#remote.get(record);
    if (known) return known;
    const { reach, service, version } = record;
    const key = `${reach.id} ${version}`;
    const provider = { key, service, version, reach, record, isLocal: this.#source.isNear(reach) };
    this.#remote.set(record, provider);
    return provider;
  }
}
