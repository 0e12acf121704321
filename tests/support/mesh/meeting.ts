/** Two nodes about to greet each other, and strangers who speak like nodes. */

import { equal, ok, rejects } from "node:assert/strict";
import { type Identity, newIdentity } from "../../../src/mesh/identity.ts";
import type { MeshError, MeshErrorCode } from "../../../src/mesh/mesh_error.ts";
import { Handshake } from "../../../src/mesh/noise/handshake.ts";
import { newKeyPairX25519 } from "../../../src/mesh/noise/x25519.ts";
import { greet, type Greeted, type GreetOptions } from "../../../src/mesh/session/greet.ts";
import { linkPair, type MemoryLink } from "./link_pair.ts";
import { ManualClock } from "./manual_clock.ts";

export type Bytes = Uint8Array<ArrayBuffer>;
export type Greet = (link: MemoryLink, options: GreetOptions & { insecure: true }) => Promise<Greeted>;
type Options = Partial<GreetOptions>;

export const timeoutMs = 1000;
export const [anna, bert, carl] = [newIdentity(), newIdentity(), newIdentity()];
export const nothing: Bytes = new Uint8Array(0);
export const bytesOf = (text: string): Bytes => new TextEncoder().encode(text);

/** Whether an error is one of the mesh, for a reason. */
export const isFor = (code: MeshErrorCode, message = /./) => (error: unknown) => {
  equal((error as MeshError).code, code, String(error));
  ok(message.test((error as MeshError).message), String(error));
  return true;
};

/** Two nodes about to greet each other: Anna dials Bert. */
export class Meeting {
  readonly clock = new ManualClock();
  readonly links: [MemoryLink, MemoryLink];
  readonly #greet: Greet;

  constructor(how: Greet = greet, links = linkPair()) {
    this.#greet = how;
    this.links = links;
  }

  anna(options: Options = {}): Promise<Greeted> {
    return this.#begin(this.links[0], { initiator: true, identity: anna, ...options });
  }

  bert(options: Options = {}): Promise<Greeted> {
    return this.#begin(this.links[1], { initiator: false, identity: bert, ...options });
  }

  both(annas: Options = {}, berts: Options = {}): Promise<[Greeted, Greeted]> {
    return Promise.all([this.anna(annas), this.bert(berts)]);
  }

  #begin(link: MemoryLink, options: Pick<GreetOptions, "initiator" | "identity"> & Options): Promise<Greeted> {
    return this.#greet(link, { clock: this.clock, timeoutMs, insecure: true, ...options });
  }

  /** Both fail, each for its reason, and nothing is left of it. */
  async fails(ofAnna: Promise<Greeted>, annas: MeshErrorCode, ofBert: Promise<Greeted>, berts: MeshErrorCode) {
    await Promise.all([rejects(ofAnna, isFor(annas)), rejects(ofBert, isFor(berts))]);
    this.isOver();
  }

  isOver(): void {
    ok(this.links.every(({ isClosed }) => isClosed));
    equal(this.clock.pending, 0);
  }
}

/** A stranger who knows Noise and says what it likes: each message behind its length. */
export class Stranger {
  readonly link: MemoryLink;
  readonly handshake: Handshake;
  readonly staticKey = newKeyPairX25519();
  #held: number[] = [];
  #wake = () => {};

  constructor(link: MemoryLink, initiator: boolean, prologue = "sluice-mesh/1") {
    this.link = link;
    this.handshake = new Handshake({
      pattern: "XX",
      initiator,
      prologue: bytesOf(prologue),
      staticKey: this.staticKey,
    });
    link.open({ onBytes: (bytes) => this.#take(bytes), onDrain: () => {}, onClose: () => {} });
  }

  say(payload: Bytes): void {
    this.frame(this.handshake.writeMessage(payload));
  }

  frame(message: Bytes): void {
    this.link.write(Uint8Array.of(message.byteLength >>> 8, message.byteLength & 0xff, ...message));
  }

  async hear(): Promise<Bytes> {
    const needed = () => this.#held.length < 2 ? 2 : 2 + this.#held[0] * 256 + this.#held[1];
    while (this.#held.length < 2 || this.#held.length < needed()) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.handshake.readMessage(Uint8Array.from(this.#held.splice(0, needed()).slice(2)));
  }

  /** What somebody shows who signs with one key and claims another. */
  proof(claimed: Identity, signer: Identity): Bytes {
    const signed = Uint8Array.of(...bytesOf("sluice mesh static key\0"), ...this.staticKey.publicKey);
    return Uint8Array.of(...claimed.publicKey, ...signer.sign(signed));
  }

  #take(bytes: Bytes): void {
    this.#held.push(...bytes);
    this.#wake();
  }
}
