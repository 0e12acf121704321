/** The other nodes that a node has to do with: sessions with them, and what goes on these. */

import { MalformedError } from "../../bytes/byte_reader.ts";
import type { Log } from "../../log.ts";
import type { Clock } from "../clock.ts";
import type { Contact, Reach } from "../contact.ts";
import type { Questioner } from "../discovery/directory.ts";
import { meshLimits } from "../limits.ts";
import { MeshError } from "../mesh_error.ts";
import type { NodeId } from "../node_id.ts";
import type { Greeted } from "../session/greet.ts";
import type { MeshStream } from "../session/mesh_stream.ts";
import { ResetCode } from "../session/reset_code.ts";
import type { Session, SessionHandler } from "../session/session.ts";
import { StreamKind } from "../stream_kind.ts";
import type { Link } from "../transport/link.ts";
import { Connector } from "./connector.ts";
import type { Greeter } from "./greeter.ts";
import { DialPolicy } from "./dial_policy.ts";
import { Introductions } from "./introductions.ts";
import { OwnReach } from "./own_reach.ts";
import { Probes } from "./probes.ts";
import { QuestionKind, questionOf } from "./question_kind.ts";
import { Relay } from "./relay.ts";
import { type Held, SessionTable } from "./session_table.ts";
import type { Transport } from "./transport.ts";

/** What peers are made with. */
export interface PeersOptions {
  readonly own: NodeId;
  readonly transport: Transport;
  readonly greeter: Greeter;
  readonly clock: Clock;
  readonly log: Log;
  readonly host: PeersHost;
}

/** What they need of their node. */
export interface PeersHost {
  /** A node was found at its addresses. */
  saw(contact: Contact): void;
  /** A node gives no sign of life. */
  lost(id: NodeId): void;
  /** A node is about to leave. */
  left(id: NodeId): void;
  /** It asks about nodes and services. */
  directory(from: Questioner, question: Uint8Array<ArrayBuffer>): Uint8Array;
  /** It calls a service. @throws {MalformedError} when the head is none */
  call(stream: MeshStream, head: Uint8Array<ArrayBuffer>): void;
  /** A session began, or ended. */
  opened(id: NodeId): void;
  closed(id: NodeId, error: Error): void;
  /** This node is reached in another way. */
  reachChanged(): void;
}

/** A session with a node by which this one has joined. */
export interface Joined {
  readonly session: Session;
  /** It passes on to this node what others send. */
  readonly isRelay: boolean;
}

const EMPTY = new Uint8Array(0);

/** Sessions, and how to get them. */
export class Peers {
  readonly reach: OwnReach;
  /** Which addresses are dialled that others tell of. */
  readonly policy: DialPolicy = new DialPolicy();
  readonly #greeter: Greeter;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #host: PeersHost;
  readonly #table: SessionTable;
  readonly #connector: Connector;
  readonly #introductions: Introductions;
  readonly #relay: Relay;
  readonly #closing = new AbortController();
  readonly #handler: SessionHandler;
  #renewedMs: number;
  #stopSweep: () => void;
  /** No more sessions begin. */
  #isLeaving = false;
  /** No more streams are passed on. */
  #isEnding = false;

  constructor({ own, transport, greeter, clock, log, host }: PeersOptions) {
    this.#greeter = greeter;
    this.#clock = clock;
    this.#log = log;
    this.#host = host;
    this.#renewedMs = clock.nowMs();
    const { signal } = this.#closing;
    const table = this.#table = new SessionTable(clock);
    const reach = this.reach = new OwnReach({
      ...{ own, clock, ownHosts: () => transport.hosts?.() ?? [] },
      onChange: () => this.#reachChanged(),
    });
    this.#connector = new Connector({
      ...{ own, transport, greeter, clock, signal, policy: this.policy },
      isOwn: (address, at) => reach.isOwn(address, at),
      heldOf: (id) => table.of(id),
      heldAt: (contact) => table.at(contact),
      begin: (link, greeted, how) => this.#begin(link, greeted, how),
    });
    const probes = new Probes({ transport, greeter, clock, signal });
    this.#introductions = new Introductions({
      ...{ reach, probes, table, policy: this.policy },
      saw: (contact) => host.saw(contact),
    });
    this.#relay = new Relay({
      clock,
      sessionOf: (id) => table.kept(id),
      onLink: (link, by) => void this.accept(link, by),
    });
    this.#handler = {
      onStream: (stream, head, session) => this.#takeStream(stream, head, session),
      onAsk: (question, session) => this.#answer(question, session),
      onClose: (session, error) => this.#over(session, error),
    };
    this.#stopSweep = clock.after(meshLimits.sweepMs, () => this.#sweep());
  }

  /** Sessions that there are. */
  get size(): number {
    return this.#table.size;
  }

  /** A session with a node. @throws {MeshError} when it can't be reached */
  session(reach: Reach): Session | Promise<Session> {
    return this.#connector.session(reach);
  }

  /** Asks a node about nodes and services. @throws {MeshError} when there is no answer */
  async ask(contact: Contact, question: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    const session = await this.#connector.direct(contact);
    return await session.ask(questionOf(QuestionKind.directory, question));
  }

  /**
   * A session with whoever is at an address, which is kept, and by which others may reach this node.
   *
   * @throws {MeshError} when nobody is
   */
  async join(address: string): Promise<Joined> {
    const session = await this.#connector.sessionAt(address);
    const held = this.#table.held(session);
    if (!held) throw new MeshError("closed", "The connection broke");
    try {
      return { session, isRelay: await this.#introductions.join(held) };
    } catch (error) {
      session.close();
      throw error;
    }
  }

  /** Takes a link that somebody else has dialled. @param relayedBy the node that passes it on */
  async accept(link: Link, relayedBy?: NodeId): Promise<void> {
    if (this.#isLeaving) return link.destroy();
    try {
      const greeted = await this.#greeter.greet(link, false, this.#closing.signal);
      this.#add(this.#greeter.session(link, greeted, false, this.#handler), { relayedBy, dialledAt: undefined });
    } catch (error) {
      const { code, message: why } = error as MeshError;
      // A node that looks whether this one is there leaves again, and port scans are of no interest to anybody.
      if (code === "refused") this.#log("warn", "A node was not let in", { why });
    }
  }

  /** Tells all others that they may begin nothing more here; resolves when they know. What they began meanwhile is taken. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    const leaving = questionOf(QuestionKind.leaving, EMPTY);
    const { promise: enough, resolve } = Promise.withResolvers<void>();
    const stopClock = this.#clock.after(meshLimits.leavingMs, resolve);
    const told = [...this.#table.all()].map(({ session }) => session.ask(leaving));
    await Promise.race([Promise.allSettled(told), enough]);
    stopClock();
  }

  /** Lets streams under way come to their end, until it is enough. */
  async close(enough: Promise<void>): Promise<void> {
    this.#isEnding = true;
    await Promise.race([this.#table.close(), enough]);
    this.#stopSweep();
    this.#closing.abort(new MeshError("closed", "The node was closed"));
    this.#table.destroy();
  }

  #begin(link: Link, greeted: Greeted, how: Pick<Held, "relayedBy" | "dialledAt">): Session {
    const session = this.#greeter.session(link, greeted, true, this.#handler);
    const held = this.#add(session, how);
    if (!held) throw new MeshError("refused", "There are too many sessions");
    if (how.dialledAt === undefined) return session;
    this.#introductions.reached(held, how.dialledAt);
    this.#introductions.tell(held);
    return session;
  }

  #add(session: Session, how: Pick<Held, "relayedBy" | "dialledAt">): Held | undefined {
    const held = this.#table.add(session, how);
    if (held) this.#host.opened(session.remote);
    return held;
  }

  #over(session: Session, error: MeshError): void {
    if (!this.#table.held(session)) return;
    const wasLast = this.#table.remove(session);
    this.#host.closed(session.remote, error);
    if (wasLast && error.code === "timeout") this.#host.lost(session.remote);
  }

  /** Does what is to be done from time to time. */
  #sweep(): void {
    this.#stopSweep = this.#clock.after(meshLimits.sweepMs, () => this.#sweep());
    this.#table.sweep();
    const { reach } = this;
    const isLost = reach.claims.length > 0 && reach.addresses.length === 0;
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#renewedMs < (isLost ? meshLimits.helloAloneMs : meshLimits.helloAgainMs)) return;
    this.#renewedMs = nowMs;
    reach.forgetOld();
    this.#introductions.renew();
  }

  #reachChanged(): void {
    this.#introductions.tellNews();
    this.#host.reachChanged();
  }

  #answer(question: Uint8Array<ArrayBuffer>, session: Session): Uint8Array {
    const held = this.#table.held(session);
    if (!held) throw new MeshError("closed", "The session has ended");
    const payload = question.subarray(1);
    switch (question[0]) {
      case QuestionKind.hello:
        return this.#introductions.answer(payload, held);
      case QuestionKind.proven:
        this.#introductions.proven(payload, held);
        return EMPTY;
      case QuestionKind.directory:
        return this.#host.directory({ id: session.remote, contact: held.contact }, payload);
      case QuestionKind.leaving:
        this.#table.leave(held);
        this.#host.left(session.remote);
        return EMPTY;
      default:
        throw new MalformedError("A question is of no known kind");
    }
  }

  #takeStream(stream: MeshStream, head: Uint8Array<ArrayBuffer>, session: Session): void {
    try {
      if (head[0] === StreamKind.call) return this.#host.call(stream, head);
      if (this.#isEnding) return stream.reset(ResetCode.ending);
      // What comes by way of another node is not passed on once more: no circle can be made of nodes.
      const isRelayed = this.#table.held(session)?.relayedBy !== undefined;
      if (head[0] === StreamKind.relay && !isRelayed) return this.#relay.take(stream, head, session);
      throw new MalformedError("A stream is of no known kind");
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      stream.reset(ResetCode.failed, error.message);
    }
  }
}
