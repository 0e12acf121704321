/** Many directories in one process, and the cables between them: answers take time, get lost, or come from the wrong ones. */

import type { Contact, Reach } from "../../../src/mesh/contact.ts";
import { Directory, type Questioner } from "../../../src/mesh/discovery/directory.ts";
import type { DirectoryEvent } from "../../../src/mesh/discovery/events.ts";
import { PeerBook } from "../../../src/mesh/discovery/peer.ts";
import type { Signer } from "../../../src/mesh/discovery/provider_record.ts";
import { verifySignature } from "../../../src/mesh/identity.ts";
import type { NodeId } from "../../../src/mesh/node_id.ts";
import { seededIdentity } from "./seeded_identity.ts";
import { type MachineClock, VirtualClock } from "./virtual_clock.ts";

/** What a node does with a question: undefined is silence. */
export type Answering = (from: Questioner, question: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> | undefined;

/** A machine. */
export interface NetworkNode {
  readonly contact: Contact;
  isAlive: boolean;
  /** Nodes of different sides do not hear each other. */
  side: number;
  answer: Answering;
}

/** One that has a directory. */
export interface DirectoryNode extends NetworkNode {
  readonly signer: Signer;
  readonly directory: Directory;
  readonly clock: MachineClock;
  readonly reach: Reach;
}

/** How long one waits for a node that says nothing. */
const TIMEOUT_MS = 2000;

/** The network. */
export class DirectoryNetwork implements Disposable {
  readonly clock: VirtualClock;
  readonly random: () => number;
  readonly book = new PeerBook(100_000);
  readonly nodes: DirectoryNode[] = [];
  /** Questions that were asked. */
  questions = 0;
  onEvent: (event: DirectoryEvent, node: NodeId) => void = () => {};
  readonly #byAddress = new Map<string, NetworkNode>();
  #hosts = 0;

  constructor(seed: number, grainMs = 1) {
    this.clock = new VirtualClock(seed, grainMs);
    this.random = this.clock.random;
  }

  /** One of some things. */
  pick<Thing>(things: readonly Thing[]): Thing {
    return things[Math.floor(this.random() * things.length)];
  }

  /** Adds a node with a directory. @param host its own network of the public Internet by default */
  add(signer: Signer = seededIdentity(this.random), host: string = this.#nextHost()): DirectoryNode {
    const clock = this.clock.machine();
    const contact = { id: signer.id, addresses: [`tcp://${host}:9000`] };
    const directory = new Directory({
      signer,
      clock,
      verify: verifySignature,
      random: this.random,
      book: this.book,
      network: { ask: (to, question) => this.#ask(node, to, question) },
      onEvent: (event) => this.onEvent(event, signer.id),
    });
    const answer: Answering = (from, question) => directory.answer(from, question);
    const reach = { ...contact, relays: [] };
    const node: DirectoryNode = { contact, signer, isAlive: true, side: 0, answer, directory, clock, reach };
    this.plug(node);
    this.nodes.push(node);
    return node;
  }

  /** Adds a machine of any kind. */
  plug(node: NetworkNode): void {
    for (const address of node.contact.addresses) this.#byAddress.set(address, node);
  }

  /** A node's process ends, or its machine does. */
  kill(node: DirectoryNode): void {
    node.isAlive = false;
    node.directory.close();
    const at = this.nodes.indexOf(node);
    this.nodes[at] = this.nodes[this.nodes.length - 1];
    this.nodes.pop();
  }

  /** Nodes come, so many a second, and join by one of those that were there first. */
  async grow(count: number, perSecond = 100, doors = 4): Promise<void> {
    const joins: Promise<void>[] = [];
    for (let i = 0; i < count; i++) {
      const node = this.add();
      const first = this.nodes.slice(0, Math.min(doors, this.nodes.length - 1)).map(({ contact }) => contact);
      joins.push(node.directory.join(first));
      if (i % 10 === 9) await this.clock.pass(10_000 / perSecond);
    }
    await this.clock.until(Promise.all(joins));
  }

  /** Ends all. */
  [Symbol.dispose](): void {
    for (const { directory } of this.nodes) directory.close();
  }

  #nextHost(): string {
    const host = this.#hosts++;
    return `${50 + (host >> 16)}.${host >> 8 & 0xff}.${host & 0xff}.7`;
  }

  #ask(from: DirectoryNode, to: Contact, question: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    this.questions++;
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
    const there = this.#latencyMs();
    const silence = () => this.clock.after(TIMEOUT_MS - there, () => reject(new Error("It says nothing")));
    this.clock.after(there, () => {
      const node = this.#byAddress.get(to.addresses[0]);
      if (!node?.isAlive || node.side !== from.side || !from.isAlive) return silence();
      if (node.contact.id !== to.id) return reject(new Error("It is another one"));
      const answer = node.answer({ id: from.contact.id, contact: from.contact }, question);
      if (!answer) return silence();
      this.clock.after(this.#latencyMs(), () => resolve(answer));
    });
    return promise;
  }

  /** Most are near, some are far, and a few are overloaded. */
  #latencyMs(): number {
    const chance = this.random();
    if (chance > 0.99) return 300 + 400 * this.random();
    return chance > 0.8 ? 40 + 80 * this.random() : 5 + 35 * this.random();
  }
}
