/**
 * Finds nodes and services without a central server: Kademlia (Maymounkov and Mazières, 2002) with records that providers
 * sign. Here all of it is put together. It has no sockets: whoever has them asks for it, and has it answer; so ten thousand
 * run in one test. A node knows some hundred others, and what is near its place of what they offer.
 */

import { type Clock, systemClock } from "../clock.ts";
import type { Contact, Reach } from "../contact.ts";
import { meshLimits } from "../limits.ts";
import { type NodeId, placeOfNode } from "../node_id.ts";
import { AgreedTime } from "./agreed_time.ts";
import { Answerer } from "./answerer.ts";
import { Asker, type DirectoryNetwork } from "./asker.ts";
import type { DirectoryEvent, OnDirectoryEvent } from "./events.ts";
import { Lookups } from "./lookups.ts";
import { Neighbours } from "./neighbours.ts";
import { Offers } from "./offers.ts";
import { type Peer, PeerBook } from "./peer.ts";
import { placed } from "./place.ts";
import type { ProviderRecord, Signer, Verify } from "./provider_record.ts";
import { ProviderStore } from "./provider_store.ts";
import { RoutingTable } from "./routing_table.ts";
import { ServiceFinder } from "./service_finder.ts";

/** What a directory is made with. */
export interface DirectoryOptions {
  /** The node that it is of. */
  readonly signer: Signer;
  /** Checks signatures. */
  readonly verify: Verify;
  /** Carries questions. */
  readonly network: DirectoryNetwork;
  /** The machine's own by default. */
  readonly clock?: Clock;
  /** Numbers from 0 up to 1; `Math.random` by default. */
  readonly random?: () => number;
  /** Parsed contacts, which directories of one process may share. */
  readonly book?: PeerBook;
  /** Hears of what happens. */
  readonly onEvent?: OnDirectoryEvent;
}

/** Who asks. */
export interface Questioner {
  readonly id: NodeId;
  /** Where it is reached, if that has been proven by dialling it. */
  readonly contact?: Contact;
}

/** One node's. */
export class Directory implements Disposable {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #own: NodeId;
  readonly #book: PeerBook;
  readonly #table: RoutingTable;
  readonly #store = new ProviderStore();
  readonly #asker: Asker;
  readonly #lookups: Lookups;
  readonly #neighbours: Neighbours;
  readonly #offers: Offers;
  readonly #finder: ServiceFinder;
  readonly #answerer: Answerer;
  readonly #onEvent: OnDirectoryEvent;
  #stopTimer: () => void;
  #isClosed = false;

  /** Makes one that knows nobody. It has timers from now on: close it. */
  constructor({ signer, verify, network, book, onEvent, ...options }: DirectoryOptions) {
    const clock = this.#clock = options.clock ?? systemClock;
    const random = this.#random = options.random ?? Math.random;
    this.#own = signer.id;
    this.#book = book ?? new PeerBook();
    this.#onEvent = onEvent ?? (() => {});
    const own = placed(placeOfNode(signer.id));
    const [table, store, time] = [new RoutingTable(own), this.#store, new AgreedTime(clock)];
    const asker = this.#asker = new Asker(network, this.#book, {
      answered: (peer, wallMs) => {
        time.vote(peer.id, wallMs);
        if (!this.#isClosed) this.#neighbours.answered(peer);
      },
      failed: (peer) => this.#isClosed || this.#neighbours.failed(peer),
    });
    const tell = (event: DirectoryEvent) => this.#tell(event);
    const lookups = this.#lookups = new Lookups({ own: signer.id, table, asker, clock, onEvent: tell });
    const shared = { store, time, asker, lookups, clock, random, verify, table, onEvent: tell };
    this.#table = table;
    this.#neighbours = new Neighbours({ ...shared, own });
    this.#offers = new Offers({ ...shared, signer });
    this.#finder = new ServiceFinder({ ...shared, onLie: (peer) => this.#neighbours.failed(peer) });
    this.#answerer = new Answerer(shared);
    this.#stopTimer = clock.after(random() * meshLimits.upkeepMs, () => this.#upkeep());
  }

  /** How many nodes it knows that have shown to be there. */
  get nodes(): number {
    return this.#table.size;
  }

  /** How many records it keeps. */
  get records(): number {
    return this.#store.size;
  }

  /** Names of services that it keeps records of: its own, and those near its place. */
  get services(): Iterable<string> {
    return this.#store.services;
  }

  /** Answers a question of another node. */
  answer(from: Questioner, question: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    if (from.contact?.id === from.id) this.saw(from.contact);
    return this.#answerer.answer(from.id, question);
  }

  /** A node has been reached at its addresses. One that has none is not remembered: nobody could ask it. */
  saw(contact: Contact): void {
    if (!this.#isClosed && contact.addresses.length > 0) this.#neighbours.saw(this.#book.peerOf(contact));
  }

  /** A node can't be reached any more. */
  lost(id: NodeId): void {
    if (!this.#isClosed) this.#neighbours.lost(id);
  }

  /** Joins a network by some of its nodes, here and whenever it has lost all it knew. @returns when it knows others, or none answers */
  async join(contacts: readonly Contact[]): Promise<void> {
    await this.#neighbours.join(contacts.map((contact) => this.#book.peerOf(contact)));
  }

  /**
   * Tells others that this node offers a service, from now on until it is withdrawn.
   *
   * @param version semantic version, or empty
   * @returns how many nodes keep that now; where none does, it is tried again
   * @throws {TypeError} for a name or a version that is none
   */
  announce(service: string, version: string, reach: Reach): Promise<number> {
    return this.#offers.announce(service, version, reach);
  }

  /** Tells others that it does no longer. @returns when those that could be reached know */
  withdraw(service: string, version: string): Promise<void> {
    return this.#offers.withdraw(service, version);
  }

  /** This node is reached in another way: tells of all it offers anew. */
  reachChanged(reach: Reach): Promise<void> {
    return this.#offers.reachChanged(reach);
  }

  /**
   * Those who offer a service: at once where some are known, else when they were looked for.
   *
   * @throws {TypeError} for a name that is none
   */
  findProviders(service: string): Promise<readonly ProviderRecord[]> {
    return this.#finder.find(service);
  }

  /**
   * The same, but looked for anew unless that was done a moment ago: those who were found turned out not to be there.
   *
   * @throws {TypeError} for a name that is none
   */
  findProvidersAgain(service: string): Promise<readonly ProviderRecord[]> {
    return this.#finder.findAgain(service);
  }

  /** One of those who were found says that it does not offer the service any more: the next search is not put off. */
  outdated(service: string): void {
    this.#finder.outdated(service);
  }

  /** Those that are known at this moment; looked for behind that when this is not fresh. */
  providersKnown(service: string): readonly ProviderRecord[] {
    return this.#finder.known(service);
  }

  /**
   * A node, where it answers; undefined when it can't be found.
   *
   * @throws {TypeError} for what is no id
   */
  async findNode(id: NodeId): Promise<Contact | undefined> {
    const target = { id, ...placed(placeOfNode(id)) };
    let found = this.#table.find(target);
    if (found || id === this.#own) return found;
    let last: Promise<unknown> | undefined;
    const ask = (peer: Peer): Promise<readonly Peer[]> => {
      const asking = this.#asker.findNode(peer, target);
      if (peer.id === id) last = asking.then(() => found = peer, () => {}); // the table was told
      return asking;
    };
    await this.#lookups.run({ kind: "node", target, ask, isEnough: () => found !== undefined });
    // A lookup does not wait for whoever is slow, be it the one that was looked for.
    if (!found && !this.#isClosed) await last;
    return found;
  }

  /** Ends all that it does. What it offered is known until it runs out: withdraw it before. */
  close(): void {
    this.#isClosed = true;
    this.#stopTimer();
    this.#offers.close();
    this.#lookups.close();
  }

  /** The same. */
  [Symbol.dispose](): void {
    this.close();
  }

  #upkeep(): void {
    this.#neighbours.upkeep();
    this.#finder.upkeep();
    this.#store.expire(this.#clock.nowMs());
    this.#startTimer();
  }

  #startTimer(): void {
    const pauseMs = this.#table.size === 0 ? meshLimits.aloneMs : meshLimits.upkeepMs;
    this.#stopTimer();
    this.#stopTimer = this.#clock.after(pauseMs * (0.8 + 0.2 * this.#random()), () => this.#upkeep());
  }

  #tell(event: DirectoryEvent): void {
    if (this.#isClosed) return;
    if (event.type === "joined") void this.#offers.tellAll();
    if (event.type === "alone") this.#startTimer();
    this.#onEvent(event);
  }
}
