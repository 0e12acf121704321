/** A client in virtual time: it keeps its services registered at one hub or another, whatever happens to those. */

import { ok } from "node:assert/strict";
import type { Registrar, Session } from "../../../src/registry/hub/registrar.ts";
import { RegistryError } from "../../../src/registry/registry_error.ts";
import type { Service } from "../../../src/registry/service.ts";
import type { Random } from "../random.ts";
import type { VirtualTime } from "../virtual_time.ts";
import { everyMs, type Life, type Peer, type SimulatedHub, timeoutMs } from "./simulated_hub.ts";

/** What a client asks a hub to do. */
type Work = (registrar: Registrar<Peer>, session: SimulatedSession) => void;

/** One of the clients, which is the owner of its services. */
export class SimulatedClient {
  readonly name: string;
  /** What it has registered, as far as it knows. */
  readonly services = new Map<string, Service>();
  session: SimulatedSession | undefined;
  /** False: its process is gone. */
  isLive = true;
  readonly time: VirtualTime;
  readonly random: Random;
  #incarnation: number;

  constructor(name: string, time: VirtualTime, random: Random) {
    this.name = name;
    this.time = time;
    this.random = random;
    this.#incarnation = random(7_200_000); // a clock that is wrong
  }

  /** Looks for another hub if its own is gone, silent, or cut off. */
  connect(hubs: readonly SimulatedHub[]): void {
    if (!this.isLive || this.session?.isHeard) return;
    this.session?.end();
    this.session = undefined;
    const running = hubs.filter(({ isRunning }) => isRunning);
    if (running.length === 0) return;
    this.#incarnation = Math.max(this.#incarnation + 1, this.time.now);
    this.session = new SimulatedSession(this, running[this.random(running.length)], this.#incarnation);
    for (const service of this.services.values()) this.register(service);
  }

  register(service: Service): void {
    this.services.set(service.id, service);
    this.session?.send(service.id, (registrar, session) => session.took(registrar.register(session, service)));
  }

  set(id: string, mark: number): void {
    this.services.set(id, { ...this.services.get(id)!, mark });
    this.session?.send(id, (registrar, session) => session.took(registrar.set(session, id, { mark })));
  }

  free(id: string): void {
    this.services.delete(id);
    this.session?.send(id, (registrar, session) => {
      session.lost(id);
      registrar.free(session, id);
    });
  }

  /** Goes to another hub, or its process ends. */
  leave(isLive: boolean): void {
    this.isLive = isLive;
    if (!isLive) this.services.clear();
    this.session?.end();
    this.session = undefined;
  }
}

/** One connection of a client to a hub. */
export class SimulatedSession implements Session {
  readonly owner: string;
  readonly incarnation: number;
  readonly isAdmin = false;
  readonly host = "127.0.0.1";
  readonly #client: SimulatedClient;
  readonly #hub: SimulatedHub;
  readonly #life: Life;
  readonly #time: VirtualTime;
  /** What the hub has registered for it. */
  readonly #services = new Map<string, Service>();
  #cutAt: number | undefined;
  #arrivesAt = 0;

  constructor(client: SimulatedClient, hub: SimulatedHub, incarnation: number) {
    this.owner = client.name;
    this.incarnation = incarnation;
    this.#client = client;
    this.#time = client.time;
    this.#hub = hub;
    this.#life = hub.life!;
    this.#life.sessions.add(this);
  }

  get isCurrent(): boolean {
    return this.#client.session === this;
  }

  /** False when the hub is gone, or silent for too long. */
  get isHeard(): boolean {
    const silentSince = Math.min(this.#cutAt ?? Infinity, this.#hub.stoppedAt ?? Infinity);
    return this.#hub.life === this.#life && this.#time.now - silentSince <= timeoutMs;
  }

  /** Asks the hub for something; it comes in order, or not at all. */
  send(id: string, work: Work): void {
    this.#deliver(({ registrar }) => {
      try {
        work(registrar, this);
      } catch (cause) {
        if (!(cause instanceof RegistryError)) throw cause;
        const isOwn = id.startsWith(`${this.owner}-`);
        const wasHeld = this.#services.delete(id) && cause.code !== "taken";
        if (!this.isCurrent || !this.#client.services.has(id)) return;
        ok(!isOwn && !wasHeld, `${this.owner} was refused its own ${id}: ${cause.message}`);
        this.#client.services.delete(id);
      }
    });
  }

  /** The hub has registered it. */
  took(service: Service): void {
    this.#services.set(service.id, service);
    // One that the client lost, and asked for again before it knew.
    if (this.isCurrent && !this.#client.services.has(service.id)) this.#client.services.set(service.id, service);
  }

  /** The hub has it no more. */
  lost(id: string): void {
    this.#services.delete(id);
    if (this.isCurrent) this.#client.services.delete(id);
  }

  onLost(id: string): void {
    ok(!id.startsWith(`${this.owner}-`), `${id} was lost to another owner`);
    this.lost(id);
  }

  /** The cable is cut: each side finds out by itself. */
  cut(): void {
    if (this.#cutAt !== undefined) return;
    this.#cutAt = this.#time.now;
    const { random } = this.#client;
    this.#time.after(timeoutMs + random(everyMs), () => this.#hub.deliver(this.#life, () => this.#leave()));
  }

  /** The client closes it. */
  end(): void {
    this.#deliver(() => this.#leave());
  }

  /** What the hub has registered has to be shown there. */
  check(): void {
    if (!this.isCurrent) return;
    for (const [id, service] of this.#services) {
      ok(this.#life.catalog.get(id) === service, `${id} is not shown at its own hub ${this.#hub.name}`);
    }
  }

  #leave(): void {
    this.#life.registrar.leave(this);
    this.#life.sessions.delete(this);
  }

  #deliver(action: (life: Life) => void): void {
    if (this.#cutAt !== undefined) return;
    this.#arrivesAt = Math.max(this.#arrivesAt, this.#time.now + 1 + this.#client.random(20));
    this.#time.after(this.#arrivesAt - this.#time.now, () => {
      if (this.#cutAt === undefined) this.#hub.deliver(this.#life, action);
    });
  }
}
