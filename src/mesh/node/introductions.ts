/** What nodes that have a session tell each other of how they are reached, and what of it is believed. */

import { isLoopback } from "../../net/loopback.ts";
import { urlHost } from "../../net/url_host.ts";
import { type Contact, hostOf } from "../contact.ts";
import { meshLimits } from "../limits.ts";
import type { Session } from "../session/session.ts";
import { isWorthALook, seenFrom } from "./claims.ts";
import type { DialPolicy } from "./dial_policy.ts";
import { readHello, readOneAddress, readWelcome, writeAddress, writeHello, writeWelcome } from "./hello.ts";
import type { OwnReach } from "./own_reach.ts";
import type { Probes } from "./probes.ts";
import { QuestionKind, questionOf } from "./question_kind.ts";
import type { Held, SessionTable } from "./session_table.ts";

/** What it needs of its node. */
export interface IntroductionsHost {
  readonly reach: OwnReach;
  readonly probes: Probes;
  readonly policy: DialPolicy;
  readonly table: SessionTable;
  /** A node was found at its addresses. */
  saw(contact: Contact): void;
}

/** Introduces one node to others, and others to it. */
export class Introductions {
  readonly #host: IntroductionsHost;
  /** What was told on a session. */
  readonly #told = new WeakMap<Session, string>();
  /** Addresses that were claimed on a session. */
  readonly #claimed = new WeakMap<Session, Set<string>>();

  constructor(host: IntroductionsHost) {
    this.#host = host;
  }

  /** This node has dialled another one. */
  reached(held: Held, address: string): void {
    const { probes, saw } = this.#host;
    const { remote } = held.session;
    held.contact = { id: remote, addresses: [address] };
    probes.found(remote, address);
    saw(held.contact);
  }

  /** Introduces this node as one that joins by the other. @returns whether the other passes on to it what others send */
  async join(held: Held): Promise<boolean> {
    const { keeps, host } = await this.#tell(held, true);
    this.#host.table.keep(held);
    if (host !== "") {
      held.seenHost = host;
      this.#host.reach.seenAt(held.dialledAt!, host);
    }
    return keeps;
  }

  /** Introduces it to whoever it has dialled. */
  tell(held: Held): void {
    this.#tell(held, held.isKept).catch(() => {/* it has left again */});
  }

  /** Tells those who were told something else before. */
  tellNews(): void {
    const news = this.#host.reach.addresses.join(" ");
    for (const held of this.#host.table.all()) {
      if (held.session.isOpen && (this.#told.get(held.session) ?? news) !== news) this.tell(held);
    }
  }

  /** Tells those by whom it has joined once more, so that they look again. */
  renew(): void {
    for (const held of this.#host.table.all()) if (held.isKept && held.dialledAt !== undefined) this.tell(held);
  }

  /** Answers one who introduces itself. @throws {MalformedError} when it is no introduction */
  answer(payload: Uint8Array<ArrayBuffer>, held: Held): Uint8Array {
    const { reach, table } = this.#host;
    const { keep, claims, reachedAt } = readHello(payload);
    const { remoteHost = "" } = held.session;
    if (held.relayedBy !== undefined) return writeWelcome({ keeps: false, host: "" });
    for (const address of reachedAt) reach.reachedAt(address, isLoopback(remoteHost));
    void this.#look(held, claims);
    return writeWelcome({ keeps: keep && table.keep(held), host: remoteHost });
  }

  /** Somebody has found this node at an address. @throws {MalformedError} when it is none */
  proven(payload: Uint8Array<ArrayBuffer>, held: Held): void {
    this.#host.reach.found(readOneAddress(payload), held.seenHost);
  }

  async #tell(held: Held, keep: boolean) {
    const { reach } = this.#host;
    const { addresses } = reach;
    const claims = keep ? [...new Set([...addresses, ...reach.claims])].slice(0, meshLimits.addresses) : addresses;
    this.#told.set(held.session, addresses.join(" "));
    const hello = writeHello({ keep, claims, reachedAt: reachedAt(held) });
    return readWelcome(await held.session.ask(questionOf(QuestionKind.hello, hello)));
  }

  /** Looks where a node is that says where, and tells it. */
  async #look(held: Held, claims: readonly string[]): Promise<void> {
    const { probes, policy, saw } = this.#host;
    const { session } = held;
    const claimed = this.#claimed.get(session) ?? new Set();
    this.#claimed.set(session, claimed);
    const addresses: string[] = [];
    for (const claim of claims) {
      const seen = seenFrom(claim, session.remoteHost);
      const address = seen && policy.allowed(seen);
      if (address === undefined || !isWorthALook(address, session.remoteHost)) continue;
      claimed.add(address);
      // Whoever claims one after another has this node knock at doors for nothing.
      if (claimed.size <= 2 * meshLimits.addresses) addresses.push(address);
    }
    const found = await probes.look(session.remote, addresses);
    if (found.length === 0 || !session.isOpen) return;
    held.contact = { id: session.remote, addresses: found };
    saw(held.contact);
    for (const address of found) {
      const question = questionOf(QuestionKind.proven, writeAddress(address));
      session.ask(question).catch(() => {/* it has left again */});
    }
  }
}

/** The address that was dialled, and the one that it led to. */
function reachedAt({ dialledAt, session: { remoteHost } }: Held): readonly string[] {
  if (dialledAt === undefined) return [];
  const [, port] = /^tcp:.*:(\d+)$/.exec(dialledAt) ?? [];
  if (port === undefined || !remoteHost || remoteHost === hostOf(dialledAt)) return [dialledAt];
  return [dialledAt, `tcp://${urlHost(remoteHost)}:${port}`];
}
