/**
 * The other hubs: each is called until it answers, and again when it is lost. Two that call each other at one time keep
 * one connection.
 */

import { randomBytes } from "node:crypto";
import { limits } from "../../limits.ts";
import type { Log } from "../../log.ts";
import { backoffMs, pause } from "../../net/backoff.ts";
import type { Replica } from "../federation/replica.ts";
import { type Call, dial, hubUrl } from "../wire/dial.ts";
import { clockOf, helloText, Opener, Sealer, signText } from "../wire/seal.ts";
import type { Doorkeeper, Guest, House } from "./doorkeeper.ts";
import { type Other, PeerSession } from "./peer_session.ts";

/** What they need of their hub. */
export interface PeersOptions {
  readonly house: House;
  readonly door: Doorkeeper;
  readonly replica: Replica<PeerSession>;
  readonly ca: string | undefined;
  readonly log: Log;
  /** Told that another hub is connected. */
  onJoin(): void;
}

/** Ends a connection of two that have another one (a code for private use, RFC 6455 §7.4.2). */
const ALREADY_CONNECTED = 4001;

/** All of them. */
export class Peers {
  readonly #options: PeersOptions;
  readonly #sessions = new Map<string, PeerSession>();
  readonly #calls = new Map<string, AbortController>();
  readonly #running = new Set<Promise<void>>();
  /** Addresses that lead to this hub itself. */
  readonly #ourselves = new Set<string>();

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  /** How many hubs are connected. */
  get size(): number {
    return this.#sessions.size;
  }

  /**
   * Calls a hub, and goes on calling it.
   *
   * @param isFound it is one that others told of: it may be gone for good, and is called no more some day
   */
  call(address: string, isFound = false): void {
    const url = hubUrl(address);
    if (this.#calls.has(url) || this.#ourselves.has(url)) return;
    const calling = new AbortController();
    this.#calls.set(url, calling);
    const running = this.#keepCalling(url, isFound, calling.signal).catch(() => {}).finally(() => {
      this.#calls.delete(url);
      this.#running.delete(running);
    });
    this.#running.add(running);
  }

  /** Takes a hub that has called us. */
  accept({ link, hello, opener }: Guest): void {
    const { house } = this.#options;
    const text = helloText(hello.hub!, hello.challenge!, { kind: "hub", incarnation: house.start });
    link.send({ type: "welcome", hubs: [], key: house.key.spki, signature: signText(house.key, text) });
    const sealer = new Sealer(house.key, hello.challenge!, clockOf(hello.time!, house.clock));
    this.#join({ link, hub: hello.hub!, start: hello.start!, isCalled: false, sealer, opener: opener! });
  }

  /** Ends all. */
  async close(): Promise<void> {
    for (const calling of this.#calls.values()) calling.abort();
    for (const { other } of this.#sessions.values()) other.link.close(1001, "the hub is closed");
    await Promise.all(this.#running);
  }

  async #keepCalling(url: string, isFound: boolean, signal: AbortSignal): Promise<void> {
    let told = "";
    let heardAt = performance.now();
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        const call = await this.#dial(url, signal);
        if (this.#isOurselves(call)) return void this.#ourselves.add(url);
        [failures, told] = [0, ""];
        await this.#talk(call, signal);
        heardAt = performance.now();
      } catch (error) {
        if (isFound && performance.now() - heardAt > limits.registryForgetMs) return;
        const { message } = error as Error;
        if (message !== told && !signal.aborted) {
          this.#options.log(isFound ? "info" : "warn", `No peer can be had: ${message}`, { url });
        }
        told = message;
      }
      const { registryBackoffMs: firstMs, registryBackoffMsMax: mostMs } = limits;
      await pause(backoffMs(failures, { firstMs, mostMs }), signal);
    }
  }

  /**
   * Whether an address leads to this hub itself.
   *
   * @throws {Error} it leads to one that has the id of this one
   */
  #isOurselves({ link, greeting }: Call): boolean {
    const { hub, start } = this.#options.house;
    if (greeting.hub !== hub) return false;
    link.cut();
    if (greeting.start === start) return true;
    throw new Error("It has the id of this hub: give one of the two a data folder of its own, not a copy");
  }

  #dial(url: string, signal: AbortSignal): Promise<Call & { readonly challenge: string }> {
    const { house: { hub, start, key, clock, queryToken: token }, ca } = this.#options;
    const challenge = randomBytes(18).toString("base64url");
    const us = { hub, start, challenge, time: clock() };
    return dial(url, { kind: "hub", key, token, incarnation: () => start, hub: us, ca, signal })
      .then((call) => ({ ...call, challenge }));
  }

  /** Returns when the connection with that hub has ended: this one, or the one that there is already. */
  async #talk(call: Call & { readonly challenge: string }, signal: AbortSignal): Promise<void> {
    const { house: { key, clock }, door } = this.#options;
    const { link, greeting: { hub, start, challenge, time }, key: theirs } = call;
    try {
      door.checkHub(theirs);
    } catch (error) {
      link.cut();
      throw error;
    }
    const sealer = new Sealer(key, challenge, clockOf(time, clock));
    const opener = new Opener(theirs!, call.challenge, clock);
    const joined = this.#join({ link, hub, start, isCalled: true, sealer, opener }, call);
    if (joined) return void await link.closed;
    const ended = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    await Promise.race([this.#sessions.get(hub)?.other.link.closed, ended]);
  }

  /** True when it is the connection with that hub from now on. */
  #join(other: Other, call?: Call): boolean {
    const { house, replica } = this.#options;
    const before = this.#sessions.get(other.hub);
    if (before && !this.#isBetter(other, before.other)) {
      other.link.close(ALREADY_CONNECTED, "there is another connection");
      return false;
    }
    const session = new PeerSession(other);
    this.#sessions.set(other.hub, session);
    if (before) {
      replica.disconnect(before);
      before.other.link.close(ALREADY_CONNECTED, "there is a newer connection");
    }
    other.link.keepAlive(house);
    other.link.closed.then(() => {
      replica.disconnect(session);
      if (this.#sessions.get(other.hub) === session) this.#sessions.delete(other.hub);
    });
    const listen = call?.listen ?? ((onMessage) => other.link.onMessage = onMessage);
    replica.connect(session);
    listen((message) => {
      const read = session.read(message);
      if (read) replica.receive(session, read, performance.now());
    });
    this.#options.onJoin();
    return true;
  }

  /** Both sides decide the same: the later start, then the later of two calls from one side, then the lower id's call. */
  #isBetter(other: Other, before: Other): boolean {
    if (other.start !== before.start) return other.start > before.start;
    if (other.isCalled === before.isCalled) return true;
    return (other.isCalled ? this.#options.house.hub : other.hub) <
      (before.isCalled ? this.#options.house.hub : before.hub);
  }
}
