/** A hub that lives in virtual time: it dies, starts anew, stands still, and checks what always has to hold. */

import { deepEqual, ok } from "node:assert/strict";
import { limits } from "../../../src/limits.ts";
import type { PeerMessage, Row, Standing } from "../../../src/registry/federation/row.ts";
import { Registrar } from "../../../src/registry/hub/registrar.ts";
import { Catalog } from "../../../src/registry/table/catalog.ts";
import type { Random } from "../random.ts";
import type { VirtualTime } from "../virtual_time.ts";
import type { SimulatedSession } from "./simulated_client.ts";

/** How often a hub gives a sign of life, and how long it waits for others', milliseconds. */
export const everyMs = 100;
export const timeoutMs = 400;

/** What a hub holds of a connection to another. */
export interface Peer {
  send(message: PeerMessage): void;
}

/** What a hub is while its process lives. */
export interface Life {
  readonly catalog: Catalog;
  readonly registrar: Registrar<Peer>;
  readonly sessions: Set<SimulatedSession>;
}

/** One of the hubs. */
export class SimulatedHub {
  readonly name: string;
  /** Undefined: it is dead. */
  life: Life | undefined;
  /** Since when it stands still. */
  stoppedAt: number | undefined;
  /** What it had stored of its rows when it died. */
  #stored: readonly Row[] = [];
  #start = 0;
  readonly #time: VirtualTime;
  readonly #random: Random;
  readonly #skewMs: number;
  /** What came while it stood still. */
  #backlog: (() => void)[] = [];
  /** How long it stood still in all, milliseconds. */
  #stoodMs = 0;
  /** How far it knew the others and since when, and those it gave up. */
  #known = new Map<string, Known>();
  #gone = new Map<string, Known>();

  constructor(name: string, time: VirtualTime, random: Random) {
    this.name = name;
    this.#time = time;
    this.#random = random;
    this.#skewMs = random(7_200_000);
  }

  /** Its own clock, which is wrong. */
  get now(): number {
    return this.#time.now + this.#skewMs;
  }

  get isRunning(): boolean {
    return this.life !== undefined && this.stoppedAt === undefined;
  }

  /** Starts its process, with the rows that were stored. */
  begin(): void {
    this.#start = Math.max(this.#start + 1, this.now);
    const catalog = new Catalog(this.#start);
    const { name: hub, now } = this;
    const send = (peer: Peer, message: PeerMessage) => peer.send(message);
    const registrar = new Registrar<Peer>({ hub, start: this.#start, timeoutMs, now, catalog, send });
    const life = this.life = { catalog, registrar, sessions: new Set<SimulatedSession>() };
    [this.#known, this.#gone] = [new Map(), new Map()];
    this.#watch(life);
    registrar.restore(this.#stored, now);
    this.#time.after(this.#random(everyMs), () => this.#tick(life));
  }

  /** Ends its process at once. */
  kill(keepsStored: boolean): void {
    if (!keepsStored) this.#stored = [];
    [this.life, this.stoppedAt, this.#backlog] = [undefined, undefined, []];
  }

  /** Lets it stand still, as SIGSTOP does. */
  stop(): void {
    if (this.isRunning) this.stoppedAt = this.#time.now;
  }

  /** Lets it go on: what came meanwhile lies in its sockets, and its timer is due. */
  resume(): void {
    if (!this.life || this.stoppedAt === undefined) return;
    const backlog = this.#backlog;
    this.#stoodMs += this.#time.now - this.stoppedAt;
    [this.stoppedAt, this.#backlog] = [undefined, []];
    const timer = () => this.#pulse(this.life!);
    const isTimerFirst = this.#random(2) === 0;
    for (const action of isTimerFirst ? [timer, ...backlog] : [...backlog, timer]) action();
  }

  /** Something comes to one life of it: now, when it goes on, or never. */
  deliver(life: Life | undefined, action: (life: Life) => void): void {
    if (!life || life !== this.life) return;
    if (this.stoppedAt !== undefined) {
      this.#backlog.push(() => this.deliver(life, action));
      return;
    }
    action(life);
    this.#time.after(this.#random(3), () => {
      if (life === this.life && this.isRunning) life.registrar.replica.flush();
    });
  }

  /** Another hub says something. */
  receive(from: Peer, { registrar }: Life, message: PeerMessage): void {
    registrar.replica.receive(from, message, this.now);
    if (message.type !== "have") this.#checkOrigins(registrar.replica.origins);
  }

  #tick(life: Life): void {
    if (life !== this.life) return;
    if (this.isRunning) this.#pulse(life);
    this.#time.after(everyMs - 5 + this.#random(10), () => this.#tick(life));
  }

  #pulse({ registrar, sessions }: Life): void {
    registrar.tick(this.now);
    registrar.replica.tick(this.now, everyMs);
    registrar.replica.flush();
    this.#checkOrigins(registrar.replica.origins);
    for (const session of sessions) session.check();
    if (this.#random(3) === 0) this.#stored = [...registrar.replica.own.values()];
  }

  /** What an owner left behind at one hub must not appear when it is freed at another. */
  #watch({ catalog, registrar }: Life): void {
    const shown = new Map<string, { hub: string; row: Row }>();
    catalog.observe(undefined, ({ service: { id } }) => {
      const [before, after] = [shown.get(id), registrar.replica.find(id)];
      if (after) shown.set(id, after);
      else shown.delete(id);
      deepEqual(catalog.get(id), after?.row.service);
      if (!before || !after || before.hub === after.hub || before.row.owner !== after.row.owner) return;
      ok(before.row.incarnation <= after.row.incarnation, `${id} came back at ${this.name}`);
    });
  }

  /** News of other hubs only grows, they are given up after a silence, and only a new sign of life brings one back. */
  #checkOrigins(origins: readonly Standing[]): void {
    const ranMs = this.#time.now - this.#stoodMs;
    const known = new Map<string, Known>();
    for (const standing of origins) {
      const { hub, start, beat } = standing;
      const [before, gone] = [this.#known.get(hub), this.#gone.get(hub)];
      known.set(hub, before?.beat === beat ? { ...before, ...standing } : { ...standing, ranMs, at: this.#time.now });
      if (before) ok(isAtLeast(standing, before), `${this.name} forgot what it knew of ${hub}`);
      else if (gone && this.#time.now - gone.at < limits.registryGoneTimeouts * timeoutMs - 2 * everyMs) {
        ok(start > gone.start || beat > gone.beat, `${this.name} took up ${hub} by old news`);
      }
    }
    for (const [hub, before] of this.#known) {
      if (known.has(hub)) continue;
      this.#gone.set(hub, before);
      ok(ranMs - before.ranMs > timeoutMs - 3 * everyMs, `${this.name} was deaf, and gave up ${hub}`);
    }
    this.#known = known;
  }
}

/** How far a hub knew another. */
interface Known extends Standing {
  /** When its last sign of life came, on a clock that stands still with the hub, and on another. */
  readonly ranMs: number;
  readonly at: number;
}

function isAtLeast(a: Standing, b: Standing): boolean {
  return a.start > b.start || (a.start === b.start && a.beat >= b.beat && a.counter >= b.counter);
}
