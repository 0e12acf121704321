/** What a hub is without its connections: services, who may change them, what of them is kept, checked, and told to peers. */

import { clearImmediate, setImmediate } from "node:timers";
import type { Log } from "../../log.ts";
import type { Row } from "../federation/row.ts";
import type { JsonValue, Service } from "../service.ts";
import { Catalog } from "../table/catalog.ts";
import { Checks } from "./checks.ts";
import type { PeerSession } from "./peer_session.ts";
import { ownerOf, Registrar, type Session } from "./registrar.ts";
import { newHubId, RowKeeper } from "./row_keeper.ts";

/** Options of {@linkcode HubCore}. */
export interface HubCoreOptions {
  readonly dir: string | undefined;
  readonly heartbeatMs: number;
  readonly timeoutMs: number;
  readonly clock: () => number;
  readonly log: Log;
}

/** The heart of a hub. */
export class HubCore {
  /** The hub's id, and the number of this start. */
  readonly hub: string;
  readonly start: number;
  readonly catalog: Catalog;
  readonly registrar: Registrar<PeerSession>;
  readonly #keeper: RowKeeper | undefined;
  readonly #checks: Checks;
  readonly #ticking: ReturnType<typeof setInterval>;
  #flushing: ReturnType<typeof setImmediate> | undefined;
  #isClosed = false;

  private constructor(about: { hub: string; start: number }, keeper: RowKeeper | undefined, options: HubCoreOptions) {
    const { heartbeatMs, timeoutMs, clock } = options;
    this.hub = about.hub;
    this.start = about.start;
    this.#keeper = keeper;
    // Microseconds: whoever knows a number of an earlier start, or of another hub, is answered at once.
    this.catalog = new Catalog(Math.round(clock()) * 1000);
    this.registrar = new Registrar<PeerSession>({
      ...about,
      timeoutMs,
      now: performance.now(),
      catalog: this.catalog,
      send: (peer, message) => peer.send(message),
      onRow: (id, row) => this.#onRow(id, row),
    });
    this.#checks = new Checks({
      suspend: (id) => this.#changing(() => this.registrar.hide(id, true)),
      resume: (id) => this.#changing(() => this.registrar.hide(id, false)),
    });
    this.#ticking = setInterval(() => {
      const now = performance.now();
      this.#changing(() => this.registrar.tick(now));
      this.registrar.replica.tick(now, heartbeatMs);
    }, Math.min(heartbeatMs, timeoutMs / 3));
  }

  /**
   * Opens one, with what its folder has.
   *
   * @throws {Deno.errors.Busy} when another process has the folder
   */
  static async open(options: HubCoreOptions): Promise<HubCore> {
    const { dir, clock, log } = options;
    const now = Math.round(clock());
    if (dir === undefined) return new HubCore({ hub: newHubId(), start: now }, undefined, options);
    const keeper = await RowKeeper.open(dir, log);
    try {
      const core = new HubCore(await keeper.about(now), keeper, options);
      core.registrar.restore(await keeper.load(), performance.now());
      return core;
    } catch (error) {
      await keeper.close();
      throw error;
    }
  }

  /** @throws {RegistryError} */
  register(session: Session, input: unknown): Service {
    return this.#changing(() => this.registrar.register(session, input));
  }

  /** @throws {RegistryError} */
  set(session: Session, id: string, input: Readonly<Record<string, JsonValue>>): Service {
    return this.#changing(() => this.registrar.set(session, id, input));
  }

  /** @throws {RegistryError} */
  free(session: Session, id: string): void {
    this.#changing(() => this.registrar.free(session, id));
  }

  /** A session is gone. Nothing changes when the hub is closed: its clients go to others, and are known until then. */
  leave(session: Session): void {
    if (!this.#isClosed) this.#changing(() => this.registrar.leave(session));
  }

  /** Tells peers at once what is waiting to be told. */
  flush(): void {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    this.registrar.replica.flush();
  }

  /** Ends everything, and keeps what there is. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#ticking);
    clearImmediate(this.#flushing);
    await this.#checks.close();
    await this.#keeper?.close();
  }

  /** Changes of one moment are told to peers together. */
  #changing<T>(change: () => T): T {
    this.#flushing ??= setImmediate(() => this.flush());
    return change();
  }

  #onRow(id: string, row: Row | undefined): void {
    // What belongs to the hub itself is registered anew by it.
    if (row?.owner !== ownerOf(this.hub)) this.#keeper?.keep(id, row);
    this.#checks.update(id, row?.service);
  }
}
