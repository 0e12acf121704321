/**
 * What one client is to be told: all services, then what happens to them, at the pace at which it takes it. What happens
 * to one service while the client takes nothing becomes one telling, so that no more waits than there are services.
 *
 * Clients of seaport ignore a row that says nothing but what they know already of the service. So one that says less is
 * told as a new service, in the place of the old one.
 */

import { isDeepStrictEqual } from "node:util";
import type { Service } from "../service.ts";
import type { Catalog, Change } from "../table/catalog.ts";
import { toMeta } from "./documents.ts";
import type { Meta } from "./lines.ts";

/** What happened to a service, as far as a client can see it. */
export interface News {
  readonly type: Change["type"];
  readonly id: string;
  /** It has lost a name that it had. */
  readonly isLess: boolean;
}

/** What is news of a change; undefined when nothing is. */
export function newsOf(change: Change): News | undefined {
  const { type, service: { id } } = change;
  if (id in Object.prototype) return undefined; // seaport keeps services by id in a plain object, which has those names
  if (change.type !== "update") return { type, id, isLess: false };
  const [before, after] = [toMeta(change.before), toMeta(change.service)];
  return isDeepStrictEqual(before, after) ? undefined : { type, id, isLess: lacks(after, before) };
}

/** What a client is to be told of one service. */
export interface Telling {
  readonly type: "service";
  readonly id: string;
  /** Undefined: it is gone. */
  readonly service: Service | undefined;
  /** The client has to forget what it knows of it first. */
  readonly replaces: boolean;
  /** Nothing has happened to it since the client came. */
  readonly isOld: boolean;
}

/** The client has been told of all services. */
const SYNCED = { type: "synced" } as const;

/** How a service differs from what the client knows: it never heard of it, or it has to forget it, or not. */
type Mark = "new" | "replaced" | "changed";

/** The feed of one client. */
export class Feed {
  readonly #catalog: Catalog;
  /** What the client has to forget, which it knew when it came. */
  readonly #known = new Set<string>();
  readonly #marks = new Map<string, Mark>();
  /** What it is told first. */
  #first: Iterator<Telling> | undefined;
  #isSynced = false;

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  /** It has begun. */
  get isBegun(): boolean {
    return this.#first !== undefined;
  }

  /** How many services it has to forget first. */
  get known(): number {
    return this.#known.size;
  }

  /** The client came with this service, which it had heard of. */
  remember(id: string, known: Meta): void {
    const service = this.#catalog.get(id);
    if (!service || lacks(toMeta(service, ""), known)) this.#known.add(id);
  }

  /** From now on the client can be told. */
  begin(): void {
    this.#first = this.#all(this.#catalog.query());
  }

  /** Something happened. */
  note({ type, id, isLess }: News): void {
    if (!this.#first) return; // it will be told what there is then
    const before = this.#marks.get(id);
    if (type === "free") {
      if (before === "new") this.#marks.delete(id);
      else this.#marks.set(id, "replaced");
    } else if (type === "register") this.#marks.set(id, before ?? "new");
    else if (before !== "new") this.#marks.set(id, isLess || before === "replaced" ? "replaced" : "changed");
  }

  /** The client itself has said how a service is now. */
  forget(id: string): void {
    this.#marks.delete(id);
    this.#known.delete(id);
  }

  /** What comes next; undefined when there is nothing now. */
  next(): Telling | typeof SYNCED | undefined {
    if (!this.#first) return undefined;
    if (!this.#isSynced) {
      const { done, value } = this.#first.next();
      if (!done) return value;
      this.#isSynced = true;
      return SYNCED;
    }
    for (const [id, mark] of this.#marks) {
      this.#marks.delete(id);
      return this.#telling(id, mark);
    }
    return undefined;
  }

  *#all(services: readonly Service[]): Generator<Telling> {
    for (const id of this.#known) {
      this.#known.delete(id);
      yield this.#telling(id, "replaced");
    }
    for (const service of services) {
      // To what has changed meanwhile the turn comes later.
      if (this.#catalog.get(service.id) !== service || service.id in Object.prototype) continue;
      yield { type: "service", id: service.id, service, replaces: false, isOld: true };
    }
  }

  #telling(id: string, mark: Mark): Telling {
    return { type: "service", id, service: this.#catalog.get(id), replaces: mark === "replaced", isOld: false };
  }
}

/** True when a service has lost a name that it had. */
function lacks(now: object, before: object): boolean {
  return Object.keys(before).some((name) => !Object.hasOwn(now, name));
}
