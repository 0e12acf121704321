/**
 * All services that are known in one place, a hub or a client of one: by id, and by role and version. Pure: it knows of
 * no connections and no time.
 */

import type { Service } from "../service.ts";
import { checkVersion, isVersion, parsePattern } from "./pattern.ts";
import { RoleIndex } from "./role_index.ts";

/** What happened to a service. */
export type Change =
  | { readonly type: "register"; readonly service: Service }
  | { readonly type: "update"; readonly service: Service; readonly before: Service }
  | { readonly type: "free"; readonly service: Service };

const NONE: readonly Service[] = Object.freeze([]);

/** Services, and who wants to be told what happens to them. */
export class Catalog {
  readonly #services = new Map<string, Service>();
  readonly #roles = new Map<string, RoleIndex>();
  readonly #observers = new Map<string | undefined, Set<(change: Change) => void>>();
  #all: readonly Service[] | undefined;
  #index: number;
  /** The last change that took the last service of a role away. */
  #emptied: number;

  /** @param index the number that changes are counted from; one that grows with time outlives the process */
  constructor(index: number = 0) {
    this.#index = this.#emptied = index;
  }

  /** How many services there are. */
  get size(): number {
    return this.#services.size;
  }

  /** The number of the last change. */
  get index(): number {
    return this.#index;
  }

  /** The service with an id. */
  get(id: string): Service | undefined {
    return this.#services.get(id);
  }

  /** Those that match, the newest version first. The array is shared, and the same until something changes. */
  query(text?: string): readonly Service[] {
    const { role, range } = parsePattern(text);
    if (role !== undefined) return this.#roles.get(role)?.find(range) ?? NONE;
    return this.#all ??= Object.freeze([...this.#roles.values()].flatMap((index) => index.find(undefined)));
  }

  /** The number of the last change that may have changed the answer to a query. */
  indexOf(text?: string): number {
    const { role } = parsePattern(text);
    return role === undefined ? this.#index : this.#roles.get(role)?.changed ?? this.#emptied;
  }

  /**
   * Adds a service, or puts it in the place of the one with its id.
   *
   * @throws {TypeError} for a version that is none; nothing has changed then
   */
  put(service: Service): Change {
    const { version } = service;
    if (version !== undefined && !isVersion(version)) checkVersion(version); // it says what is wrong
    const before = this.#services.get(service.id);
    this.#index++;
    if (before && (before.role !== service.role || before.version !== service.version)) this.#unlist(before);
    this.#services.set(service.id, service);
    const role = this.#roleOf(service.role);
    role.put(service);
    role.changed = this.#index;
    return this.#tell(before ? { type: "update", service, before } : { type: "register", service });
  }

  /** Takes one out. */
  remove(id: string): Change | undefined {
    const service = this.#services.get(id);
    if (!service) return undefined;
    this.#index++;
    this.#services.delete(id);
    this.#unlist(service);
    return this.#tell({ type: "free", service });
  }

  /**
   * Tells of every change from now on.
   *
   * @param role undefined for all
   * @returns what ends it
   */
  observe(role: string | undefined, observer: (change: Change) => void): () => void {
    const observers = this.#observers.get(role) ?? new Set();
    this.#observers.set(role, observers.add(observer));
    return () => {
      observers.delete(observer);
      if (observers.size === 0 && this.#observers.get(role) === observers) this.#observers.delete(role);
    };
  }

  #roleOf(name: string): RoleIndex {
    const found = this.#roles.get(name);
    if (found) return found;
    const made = new RoleIndex();
    this.#roles.set(name, made);
    return made;
  }

  #unlist(service: Service): void {
    const role = this.#roles.get(service.role)!;
    role.remove(service);
    role.changed = this.#index;
    if (role.size > 0) return;
    this.#roles.delete(service.role);
    this.#emptied = this.#index;
  }

  #tell(change: Change): Change {
    this.#all = undefined;
    const { role } = change.service;
    this.#tellThose(undefined, change);
    this.#tellThose(role, change);
    if (change.type === "update" && change.before.role !== role) this.#tellThose(change.before.role, change);
    return change;
  }

  #tellThose(role: string | undefined, change: Change): void {
    const observers = this.#observers.get(role);
    if (observers) { for (const observer of observers) observer(change); }
  }
}
