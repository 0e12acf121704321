/** Whole nodes that mean no good: they come in as all do, and then say nothing, say nonsense, or lie. */

import type { Contact } from "../../../src/mesh/contact.ts";
import { type Answer, readQuestion, writeAnswer } from "../../../src/mesh/discovery/messages.ts";
import { PeerBook } from "../../../src/mesh/discovery/peer.ts";
import { compareDistance, placed } from "../../../src/mesh/discovery/place.ts";
import { signRecord } from "../../../src/mesh/discovery/provider_record.ts";
import type { Identity } from "../../../src/mesh/identity.ts";
import { Greeter } from "../../../src/mesh/node/greeter.ts";
import { writeHello, writeWelcome } from "../../../src/mesh/node/hello.ts";
import { QuestionKind, questionOf } from "../../../src/mesh/node/question_kind.ts";
import { type NodeId, nodeIdOf, placeOfNode } from "../../../src/mesh/node_id.ts";
import type { Session, SessionHandler } from "../../../src/mesh/session/session.ts";
import type { Link } from "../../../src/mesh/transport/link.ts";
import { seededIdentity } from "./seeded_identity.ts";
import type { SimulatedMesh } from "./simulated_mesh.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What it does. */
export type Hostility =
  /** It takes connections, and never says a word. */
  | "silence"
  /** It says anything. */
  | "garbage"
  /** It is a node until it is asked something, and then says anything. */
  | "nonsense"
  /** It names nodes that are elsewhere, or don't exist, and forges records. */
  | "lies";

/** How many nodes it introduces itself to. */
const NEAREST = 20;

export const HOSTILITIES: readonly Hostility[] = ["silence", "garbage", "nonsense", "lies"];

/** One of them. */
export class HostilePeer {
  readonly contact: Contact;
  /** Questions that it was asked. */
  asked = 0;
  readonly #mesh: SimulatedMesh;
  readonly #identity: Identity;
  readonly #host: string;
  readonly #how: Hostility;
  readonly #greeter: Greeter;
  readonly #book = new PeerBook();
  readonly #handler: SessionHandler = {
    onStream: (stream) => stream.reset(1 + Math.floor(this.#random() * 6) as 1),
    onAsk: (question) => this.#answer(question),
    onClose: () => {},
  };

  constructor(mesh: SimulatedMesh, host: string, how: Hostility) {
    this.#mesh = mesh;
    this.#host = host;
    this.#how = how;
    this.#identity = seededIdentity(mesh.clock.random);
    this.contact = { id: this.#identity.id, addresses: [`tcp://${host}:9000`] };
    const { clock } = mesh;
    this.#greeter = new Greeter({
      ...{ identity: this.#identity, clock, networkKey: undefined, allow: undefined, insecure: true },
    });
  }

  /** Listens, and introduces itself to those that are nearest to it, who tell others of it; needs time to pass. */
  async join(): Promise<void> {
    const { network, nodes } = this.#mesh;
    await network.listen(`${this.#host}:9000`, (link) => void this.#take(link));
    const own = placed(placeOfNode(this.contact.id));
    const places = nodes.filter(({ node }) => node.addresses.length > 0)
      .map(({ node: { id, addresses: [address] } }) => ({ ...placed(placeOfNode(id)), address }));
    places.sort((a, b) => compareDistance(own, a, b));
    await Promise.all(places.slice(0, NEAREST).map(({ address }) => this.#introduce(address)));
  }

  /** Claims to be where others are, too. */
  async #introduce(address: string): Promise<void> {
    const link = await this.#mesh.network.dial(this.#host, address);
    const session = await this.#greet(link, true);
    const others = this.#mesh.nodes.slice(0, 2).flatMap(({ node }) => node.addresses);
    const hello = writeHello({ keep: true, claims: [...this.contact.addresses, ...others], reachedAt: others });
    await session.ask(questionOf(QuestionKind.hello, hello));
  }

  async #take(link: Link): Promise<void> {
    if (this.#how === "silence") return link.open({ onBytes: () => {}, onDrain: () => {}, onClose: () => {} });
    if (this.#how === "garbage" && this.#random() < 0.5) {
      link.open({ onBytes: () => void link.write(this.#noise(200)), onDrain: () => {}, onClose: () => {} });
      return;
    }
    await this.#greet(link, false).catch(() => {/* they were quicker to leave */});
  }

  async #greet(link: Link, isInitiator: boolean): Promise<Session> {
    const greeted = await this.#greeter.greet(link, isInitiator, AbortSignal.any([]));
    return this.#greeter.session(link, greeted, isInitiator, this.#handler);
  }

  #answer(question: Bytes): Bytes | Promise<Bytes> {
    this.asked++;
    if (this.#how === "silence") return new Promise(() => {});
    if (this.#how !== "lies" && this.#random() < 0.5) return this.#noise(300);
    if (question[0] === QuestionKind.hello) return writeWelcome({ keeps: true, host: this.#host });
    if (question[0] !== QuestionKind.directory) return this.#noise(3);
    return this.#lie(question.slice(1));
  }

  #lie(bytes: Bytes): Bytes {
    const question = readQuestion(bytes);
    const { type } = question;
    const write = (answer: Answer) => writeAnswer({ wallMs: this.#mesh.clock.wallMs() * 2 * this.#random(), answer });
    const peers = Array.from({ length: 8 }, () => this.#book.peerOf(this.#lure()));
    if (type === "findNode") return write({ type, peers });
    if (type === "findProviders") return write({ type, peers, records: [this.#record(question.service)] });
    return write(type === "ping" ? { type } : { type, verdict: "accepted" });
  }

  /** A node that is not there, or not who it is said to be. */
  #lure(): Contact {
    const { nodes } = this.#mesh;
    const real = nodes[Math.floor(this.#random() * nodes.length)].node;
    const id: NodeId = this.#random() < 0.5 ? real.id : nodeIdOf(this.#bytes(32));
    const address = this.#random() < 0.5 ? this.contact.addresses[0] : `tcp://10.200.${this.#below(200)}.1:9000`;
    return { id, addresses: [address] };
  }

  /** One that another node would have made, or one of its own. */
  #record(service: string): Bytes {
    const { nodes, clock } = this.#mesh;
    const victim = nodes[Math.floor(this.#random() * nodes.length)].identity.id;
    const id = this.#random() < 0.5 ? victim : this.contact.id;
    const issuedMs = clock.wallMs();
    const reach = { id, addresses: this.contact.addresses, relays: [] };
    const record = { service, reach, issuedMs, expiresMs: issuedMs + 1_800_000, version: "", sequence: issuedMs };
    return signRecord({ ...record, isWithdrawn: false }, { ...this.#identity, id }).bytes;
  }

  #noise(most: number): Bytes {
    return this.#bytes(this.#below(most));
  }

  #bytes(length: number): Bytes {
    return Uint8Array.from({ length }, () => this.#below(256));
  }

  #below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }

  #random(): number {
    return this.#mesh.clock.random();
  }
}
