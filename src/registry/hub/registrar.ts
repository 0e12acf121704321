/**
 * Who may register, change and free what at one hub, and what becomes of it when its owner leaves. Pure: sessions come and
 * go by calls, and time with them.
 */

import { limits } from "../../limits.ts";
import { Replica, type ReplicaEffects, type ReplicaOptions } from "../federation/replica.ts";
import type { PeerMessage, Row } from "../federation/row.ts";
import { RegistryError } from "../registry_error.ts";
import type { JsonValue, Service } from "../service.ts";
import type { Catalog } from "../table/catalog.ts";
import { readService } from "../table/document.ts";

/** The owner of what a hub registers of itself; no key has such an id. */
export function ownerOf(hub: string): string {
  return `hub:${hub}`;
}

/** Under these ids hubs tell where they are: whoever had one would be called by clients and by other hubs. */
function isReserved(id: string): boolean {
  return /^(?:registry|seaport)-/.test(id);
}

/** Somebody who is connected. */
export interface Session {
  /** Who it is: the id of a key. */
  readonly owner: string;
  /** Grows with each connection of the owner. */
  readonly incarnation: number;
  /** It may change what belongs to others. */
  readonly isAdmin: boolean;
  /** The host of services that name none. */
  readonly host: string;
  /** Told that another owner has the id now: it registered it at another hub, later, or is an admin. */
  onLost(id: string): void;
}

/** Options of {@linkcode Registrar}. */
export interface RegistrarOptions<Peer> extends Omit<ReplicaOptions<Peer>, "effects"> {
  /** Where the services are shown that are in force, at this hub and at all others. */
  readonly catalog: Catalog;
  /** Says something to another hub. */
  send(peer: Peer, message: PeerMessage): void;
  /** Told of each change to a row of this hub, undefined for one that is gone. */
  onRow?(id: string, row: Row | undefined): void;
}

/** The services of all sessions. */
export class Registrar<Peer> {
  /** The rows of this hub and of all others. */
  readonly replica: Replica<Peer>;
  readonly #options: RegistrarOptions<Peer>;
  readonly #sessions = new Map<string, Session>();
  readonly #ids = new Map<Session, Set<string>>();
  /** Who had a service before a later connection of its owner came: what is still on its way from there is old. */
  readonly #earlier = new Map<string, Session>();
  /** Rows of before our start, and when they are dropped. */
  readonly #awaiting = new Map<string, number>();
  /** Services of this hub that are to be checked. */
  readonly #checked = new Set<string>();

  constructor(options: RegistrarOptions<Peer>) {
    this.#options = options;
    const { catalog } = options;
    const effects: ReplicaEffects<Peer> = {
      send: (peer, message) => options.send(peer, message),
      show: (id, service) => {
        if (!service) catalog.remove(id);
        else if (catalog.get(id) !== service) catalog.put(service);
      },
      lose: (id, winner) => this.#lose(id, winner),
    };
    this.replica = new Replica({ ...options, effects });
  }

  /**
   * Registers a service.
   *
   * @param input what the session says of it
   * @throws {RegistryError}
   */
  register(session: Session, input: unknown): Service {
    const service = checked(() => readService(input, session.host));
    if (isReserved(service.id) && session.owner !== ownerOf(this.#options.hub)) {
      throw new RegistryError("taken", `Cannot register ${service.id}: ids that begin so are those of hubs`);
    }
    const existing = this.replica.find(service.id)?.row;
    if (existing) this.#checkTaken(session, existing);
    else if (this.#options.catalog.size >= limits.registryServices) {
      throw new RegistryError("limit", `Cannot register more than ${limits.registryServices} services at one registry`);
    }
    const ids = this.#ids.get(session) ?? new Set();
    if (!ids.has(service.id) && ids.size >= limits.registryServicesOfClient) {
      const most = limits.registryServicesOfClient;
      throw new RegistryError("limit", `Cannot register more than ${most} services over one connection`);
    }
    this.#checkChecked(service);
    this.#hold(session, ids.add(service.id), service.id);
    this.#put({ service, owner: session.owner, incarnation: session.incarnation });
    return service;
  }

  /**
   * Gives a service other metadata, and another host, port or check where those are named; null ends the check. Id, role
   * and version stay.
   *
   * @throws {RegistryError}
   */
  set(session: Session, id: string, input: Readonly<Record<string, JsonValue>>): Service {
    const { service, ...rest } = this.#changeable(session, id);
    const { role, version, host, port } = service;
    for (const [name, value] of Object.entries({ id, role, version })) {
      if ((input[name] ?? value) === value) continue;
      throw new RegistryError("invalid", `Cannot change the ${name} of ${id}: free it, and register another one`);
    }
    const { check = service.check ?? null, ...metadata } = input; // it stays, unless it is named
    const described = { host, port, ...metadata, ...check === null ? {} : { check }, id, role, version };
    const changed = checked(() => readService(described, host));
    this.#checkChecked(changed);
    const { hidden, ...shown } = rest;
    const row = {
      ...shown,
      ...hidden && changed.check !== undefined ? { hidden } : {}, // nobody else would ever show it again
      service: service.awaiting ? { ...changed, awaiting: true as const } : changed,
    };
    this.#put(row);
    return row.service;
  }

  /**
   * Frees a service.
   *
   * @throws {RegistryError}
   */
  free(session: Session, id: string): void {
    this.#changeable(session, id);
    this.#drop(id);
  }

  /** Frees all services of a session: it is gone. */
  leave(session: Session): void {
    for (const id of [...this.#ids.get(session) ?? []]) this.#drop(id);
    this.#ids.delete(session);
  }

  /** Takes in what was registered before this hub started anew. Each is dropped unless its owner returns in time. */
  restore(rows: Iterable<Row>, now: number): void {
    for (const { service, owner, incarnation } of rows) {
      this.#awaiting.set(service.id, now + this.#options.timeoutMs);
      this.#put({ service: { ...service, awaiting: true }, owner, incarnation });
    }
  }

  /** Time has passed. */
  tick(now: number): void {
    for (const [id, until] of this.#awaiting) if (now > until) this.#drop(id);
  }

  /** Shows a service of this hub to nobody, or again; to its owner it is registered all the same. */
  hide(id: string, isHidden: boolean): void {
    const row = this.replica.own.get(id);
    if (!row || isHidden === (row.hidden ?? false)) return;
    const { hidden: _, ...shown } = row;
    this.#put(isHidden ? { ...shown, hidden: true } : shown);
  }

  #checkTaken(session: Session, { service: { id }, owner, incarnation }: Row): void {
    if (owner !== session.owner && session.isAdmin) this.#changeable(session, id); // only the hub it came to writes it
    else if (owner !== session.owner) {
      throw new RegistryError(
        "taken",
        `Cannot register ${id}: another owner has this id; leave it out to be given one`,
      );
    } else if (incarnation > session.incarnation) {
      throw new RegistryError("taken", `Cannot register ${id}: its owner has registered it over a later connection`);
    }
  }

  #checkChecked({ id, check }: Service): void {
    if (check === undefined || this.#checked.has(id) || this.#checked.size < limits.registryChecks) return;
    throw new RegistryError("limit", `Cannot check more than ${limits.registryChecks} services at one hub`);
  }

  /** The row of ours with an id. */
  #changeable(session: Session, id: string): Row {
    const found = this.replica.find(id);
    if (!found) throw new RegistryError("unknown", `Cannot change ${id}: no service has this id`);
    if (this.#earlier.get(id) === session) {
      throw new RegistryError("taken", `Cannot change ${id}: its owner has registered it over a later connection`);
    }
    if (found.row.owner !== session.owner && !session.isAdmin) {
      throw new RegistryError("not-owner", `Cannot change ${id}: it belongs to another owner`);
    }
    if (this.replica.own.get(id) === found.row) return found.row;
    throw new RegistryError("elsewhere", `Cannot change ${id} here: it is registered at the hub ${found.hub}`);
  }

  #lose(id: string, winner: Row): void {
    const session = this.#sessions.get(id);
    const owner = this.replica.own.get(id)?.owner;
    this.#drop(id);
    if (owner !== winner.owner) session?.onLost(id);
  }

  #hold(session: Session, ids: Set<string>, id: string): void {
    const before = this.#sessions.get(id);
    if (before && before !== session) {
      this.#ids.get(before)?.delete(id);
      if (before.owner === session.owner) this.#earlier.set(id, before);
      else before.onLost(id);
    }
    this.#awaiting.delete(id);
    this.#sessions.set(id, session);
    this.#ids.set(session, ids);
  }

  #put(row: Row): void {
    const { id, check } = row.service;
    if (check === undefined) this.#checked.delete(id);
    else this.#checked.add(id);
    this.#options.onRow?.(id, row); // first: it may be lost at once, to one that came to another hub
    this.replica.put(row);
  }

  #drop(id: string): void {
    const session = this.#sessions.get(id);
    if (session) this.#ids.get(session)?.delete(id);
    this.#sessions.delete(id);
    this.#earlier.delete(id);
    this.#awaiting.delete(id);
    this.#checked.delete(id);
    this.replica.drop(id);
    this.#options.onRow?.(id, undefined);
  }
}

function checked<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new RegistryError("invalid", (cause as Error).message, { cause });
  }
}
