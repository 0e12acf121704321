/**
 * A network in memory, for simulations: thousands of nodes in one process, under a clock and with a chance of their own, so
 * that what fails once fails again. What happens in one millisecond is one timer, however many nodes it happens to.
 */

import { urlHost } from "../../../src/net/url_host.ts";
import type { Clock } from "../../../src/mesh/clock.ts";
import { meshLimits } from "../../../src/mesh/limits.ts";
import { MeshError } from "../../../src/mesh/mesh_error.ts";
import { parseAddress } from "../../../src/mesh/transport/address.ts";
import type { Link } from "../../../src/mesh/transport/link.ts";
import { type MemoryCable, MemoryLink } from "./memory_link.ts";

/** Options of a network. */
export interface MemoryNetworkOptions {
  readonly clock: Clock;
  /** Gives numbers from 0 up to 1. */
  random(): number;
  /** How long bytes take from one host to another, whole milliseconds. Default: any from 5 to 50. */
  latencyMs?(from: string, to: string): number;
  /** Links tell where they lead. Default: true. */
  readonly showsHosts?: boolean;
}

/** Takes a link. */
export type OnMemoryLink = (link: Link, from: { readonly remoteHost: string }) => void;

/** Where links are taken. */
export interface MemoryListener {
  /** `tcp://HOST:PORT`. */
  readonly address: string;
  /** Takes no more; those that were taken go on. */
  close(): Promise<void>;
}

/** What one host has of a network. */
export interface MemoryHost {
  dial(address: string, signal?: AbortSignal): Promise<Link>;
  listen(address: string, onLink: OnMemoryLink): Promise<MemoryListener>;
}

interface Door {
  readonly host: string;
  readonly onLink: OnMemoryLink;
}

/** Something that happens. */
interface Event {
  wake(nowMs: number): void;
}

const [LATENCY_MS_LEAST, LATENCY_MS_MOST] = [5, 50];
/** Ports that are given to those who ask for any. */
const FIRST_FREE_PORT = 20_000;

/** The network. */
export class MemoryNetwork {
  readonly #options: MemoryNetworkOptions;
  readonly #cable: MemoryCable;
  readonly #doors = new Map<string, Door>();
  readonly #links = new Map<string, Set<MemoryLink>>();
  /** By the millisecond in which they happen. */
  readonly #due = new Map<number, Event[]>();
  /** What is being done. */
  #atMs = -Infinity;
  /** Hosts that are cut off, by the side they are on; those on none are together. */
  #sides = new Map<string, number>();
  /** Ends for which something would come if their host were not cut off. */
  readonly #stuck = new Set<MemoryLink>();
  #nextPort = FIRST_FREE_PORT;

  constructor(options: MemoryNetworkOptions) {
    this.#options = options;
    this.#cable = {
      nowMs: () => this.#nowMs(),
      wakeIn: (ms, end) => this.#wakeIn(ms, end),
      after: (ms, call) => options.clock.after(ms, call),
      isCut: (end) => this.#holds(end),
      gone: (end) => this.#forget(end),
    };
  }

  /** Links that are open. */
  get links(): number {
    let ends = 0;
    for (const links of this.#links.values()) ends += links.size;
    return Math.ceil(ends / 2);
  }

  /** The network as one host sees it. */
  host(host: string): MemoryHost {
    return {
      dial: (address, signal) => this.dial(host, address, signal),
      listen: (address, onLink) => this.listen(address, onLink),
    };
  }

  /**
   * Takes links at an address.
   *
   * @param address as `parseAddress` reads it; port 0 is any that is free
   * @throws {TypeError} when it is no address
   * @throws {Error} when it is taken
   */
  listen(address: string, onLink: OnMemoryLink): Promise<MemoryListener> {
    return new Promise((resolve) => resolve(this.#listen(address, onLink)));
  }

  /**
   * Connects a host to an address.
   *
   * @throws {MeshError} `unreachable`
   * @throws the signal's reason
   */
  async dial(from: string, address: string, signal?: AbortSignal): Promise<Link> {
    signal?.throwIfAborted();
    const to = this.#doors.get(address)?.host ?? parseAddress(address).host;
    const latencyMs = this.#latencyMs(from, to);
    const { promise, resolve, reject } = Promise.withResolvers<Link | string>();
    const abort = () => reject(signal!.reason);
    signal?.addEventListener("abort", abort, { once: true });
    let stopClock: (() => void) | undefined;
    let link: Link | undefined;
    this.#in(latencyMs, () => {
      if (signal?.aborted) return;
      if (this.#isApart(from, to)) {
        stopClock = this.#options.clock.after(meshLimits.connectMs, () => resolve("nothing answers"));
        return;
      }
      const door = this.#doors.get(address);
      link = door && this.#connect(from, door, latencyMs);
      this.#in(latencyMs, () => resolve(link ?? "nothing listens there"));
    });
    try {
      const found = await promise;
      if (typeof found !== "string") return found;
      throw new MeshError("unreachable", `Cannot reach ${address}: ${found}`);
    } catch (error) {
      link?.destroy();
      throw error;
    } finally {
      stopClock?.();
      signal?.removeEventListener("abort", abort);
    }
  }

  /** Parts hosts: those of different sides, and of none, do not hear each other. It takes the place of what was before. */
  partition(...sides: readonly Iterable<string>[]): void {
    this.#sides = new Map(sides.flatMap((hosts, i) => Array.from(hosts, (host) => [host, i + 1] as const)));
    const stuck = [...this.#stuck];
    this.#stuck.clear();
    for (const end of stuck) this.#wakeIn(end.ends.latencyMs, end);
  }

  /** Joins all hosts again. What was sent meanwhile comes, on links that have not been given up. */
  heal(): void {
    this.partition();
  }

  /** Cuts all links between two hosts. */
  killLinks(a: string, b: string): void {
    for (const end of [...this.#links.get(a) ?? []]) {
      if (end.ends.remoteHost === b) end.cut(new Error("The connection was cut"));
    }
  }

  /** Ends what runs on a host: nothing listens there any more, and the others see its links end. */
  killHost(host: string): void {
    for (const [address, door] of this.#doors) if (door.host === host) this.#doors.delete(address);
    for (const end of [...this.#links.get(host) ?? []]) end.destroy();
  }

  #listen(address: string, onLink: OnMemoryLink): MemoryListener {
    const { host, port } = parseAddress(address, "listen");
    const { text } = parseAddress(`tcp://${urlHost(host)}:${port || this.#nextPort++}`);
    if (this.#doors.has(text)) throw new Error(`Cannot listen on ${text}: it is taken`);
    const door = { host, onLink };
    this.#doors.set(text, door);
    const close = () => {
      if (this.#doors.get(text) === door) this.#doors.delete(text);
      return Promise.resolve();
    };
    return { address: text, close };
  }

  #connect(from: string, door: Door, latencyMs: number): MemoryLink {
    const { showsHosts: showsHost = true } = this.#options;
    const [near, far] = MemoryLink.pair(this.#cable, { host: from, remoteHost: door.host, latencyMs, showsHost });
    for (const end of [near, far]) {
      const links = this.#links.get(end.ends.host);
      if (links) links.add(end);
      else this.#links.set(end.ends.host, new Set([end]));
    }
    door.onLink(far, { remoteHost: from });
    return near;
  }

  #forget(end: MemoryLink): void {
    this.#stuck.delete(end);
    const links = this.#links.get(end.ends.host);
    links?.delete(end);
    if (links?.size === 0) this.#links.delete(end.ends.host);
  }

  #isApart(a: string, b: string): boolean {
    return this.#sides.size > 0 && this.#sides.get(a) !== this.#sides.get(b);
  }

  #holds(end: MemoryLink): boolean {
    if (!this.#isApart(end.ends.host, end.ends.remoteHost)) return false;
    this.#stuck.add(end);
    return true;
  }

  #latencyMs(from: string, to: string): number {
    const { latencyMs, random } = this.#options;
    if (latencyMs) return latencyMs(from, to);
    return LATENCY_MS_LEAST + Math.floor((LATENCY_MS_MOST - LATENCY_MS_LEAST + 1) * random());
  }

  /** Whole milliseconds, and the one that is being done where timers are early. */
  #nowMs(): number {
    return Math.max(this.#atMs, Math.floor(this.#options.clock.nowMs()));
  }

  #in(ms: number, call: () => void): void {
    this.#wakeIn(ms, { wake: call });
  }

  /** @returns the moment */
  #wakeIn(ms: number, event: Event): number {
    const nowMs = this.#nowMs();
    const atMs = nowMs + ms;
    const due = this.#due.get(atMs);
    if (due) due.push(event);
    else {
      this.#due.set(atMs, [event]);
      this.#options.clock.after(Math.max(0, atMs - this.#options.clock.nowMs()), () => this.#do(atMs));
    }
    return atMs;
  }

  /** Does all that is due in one moment, and what is added to it meanwhile. */
  #do(atMs: number): void {
    this.#atMs = Math.max(this.#atMs, atMs);
    const nowMs = this.#nowMs();
    const due = this.#due.get(atMs)!;
    for (const event of due) event.wake(nowMs);
    this.#due.delete(atMs);
  }
}
