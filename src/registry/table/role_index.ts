/**
 * The services of one role by version, the newest first, so that a query costs by what it finds: it begins at the newest
 * version that a range allows and ends at the oldest. Answers are kept until something changes.
 */

// @ts-types="@types/semver"
import { type Comparator, type Range, SemVer } from "semver";
import { limits } from "../../limits.ts";
import type { Service } from "../service.ts";

/** All services of one version. */
interface Group {
  readonly version: SemVer;
  readonly services: Map<string, Service>;
}

/** Services of one role. */
export class RoleIndex {
  /** Newest first. */
  readonly #groups: Group[] = [];
  readonly #unversioned = new Map<string, Service>();
  /** What came since somebody asked: many come before the first question, and a place costs the reading of a version. */
  readonly #coming = new Map<string, Service>();
  /** By the range as it was written; undefined stands for all services, and an empty one for those with a version. */
  readonly #answers = new Map<string | undefined, readonly Service[]>();
  /** How many services they hold together. */
  #answered = 0;
  #size = 0;
  /** The number of the last change; whoever changes it sets it. */
  changed = 0;

  /** How many services there are. */
  get size(): number {
    this.#settle();
    return this.#size;
  }

  /** Adds one, or puts one with the same version and id in its place. */
  put(service: Service): void {
    this.#coming.set(service.id, service);
    if (this.#answers.size > 0) this.#forget();
  }

  /** Takes one out. */
  remove({ id, version }: Service): void {
    this.#settle();
    const group = this.#groupOf(version);
    if (!group.delete(id)) return;
    this.#size--;
    this.#forget();
    if (version !== undefined && group.size === 0) this.#groups.splice(this.#place(new SemVer(version)), 1);
  }

  /** Those of a range, or all. The array is shared: it is never changed, and the same as long as nothing is. */
  find(range: Range | undefined): readonly Service[] {
    const key = range?.raw;
    const known = this.#answers.get(key);
    if (known) return known;
    this.#settle();
    const found = Object.freeze(range ? this.#inRange(range) : this.#all());
    const areMany = this.#answered + found.length > limits.registryAnswersServices;
    if (areMany || this.#answers.size >= limits.registryAnswersKnown) this.#forget();
    this.#answers.set(key, found);
    this.#answered += found.length;
    return found;
  }

  #forget(): void {
    this.#answers.clear();
    this.#answered = 0;
  }

  #settle(): void {
    for (const service of this.#coming.values()) {
      const group = this.#groupOf(service.version);
      if (!group.has(service.id)) this.#size++;
      group.set(service.id, service);
    }
    this.#coming.clear();
  }

  #all(): Service[] {
    return [...this.#groups.flatMap(({ services }) => [...services.values()]), ...this.#unversioned.values()];
  }

  #inRange(range: Range): Service[] {
    const found = new Set<Group>();
    for (const comparators of range.set) {
      for (let i = this.#newest(comparators); i < this.#groups.length; i++) {
        const group = this.#groups[i];
        if (comparators.some((comparator) => isBelow(comparator, group.version))) break;
        if (range.test(group.version)) found.add(group);
      }
    }
    const groups = [...found];
    if (range.set.length > 1) groups.sort((a, b) => order(b.version, a.version));
    return groups.flatMap(({ services }) => [...services.values()]);
  }

  /** Where the versions begin that all comparators allow. */
  #newest(comparators: readonly Comparator[]): number {
    return this.#first((version) => !comparators.some((comparator) => isAbove(comparator, version)));
  }

  #groupOf(version: string | undefined): Map<string, Service> {
    if (version === undefined) return this.#unversioned;
    const parsed = new SemVer(version);
    const place = this.#place(parsed);
    const there = this.#groups[place];
    if (there && order(there.version, parsed) === 0) return there.services;
    const services = new Map<string, Service>();
    this.#groups.splice(place, 0, { version: parsed, services });
    return services;
  }

  #place(version: SemVer): number {
    return this.#first((other) => order(other, version) <= 0);
  }

  /** The first group, from the newest on, of which something holds that holds for all older ones too. */
  #first(holds: (version: SemVer) => boolean): number {
    let [low, high] = [0, this.#groups.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (holds(this.#groups[middle].version)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Which of two is newer. Those of one rank, as 1.0.0+1 and 1.0.0+01 are, have places of their own. */
function order(a: SemVer, b: SemVer): number {
  return a.compare(b) || a.compareBuild(b) || (a.raw < b.raw ? -1 : Number(a.raw > b.raw));
}

/** The version is newer than the comparator allows. */
function isAbove({ operator, semver }: Comparator, version: SemVer): boolean {
  if (!(semver instanceof SemVer)) return false; // the comparator that allows any
  const order = version.compare(semver);
  return operator === "<" ? order >= 0 : operator === "<=" || operator === "" || operator === "=" ? order > 0 : false;
}

/** It is older. */
function isBelow({ operator, semver }: Comparator, version: SemVer): boolean {
  if (!(semver instanceof SemVer)) return false;
  const order = version.compare(semver);
  return operator === ">" ? order <= 0 : operator === ">=" || operator === "" || operator === "=" ? order < 0 : false;
}
