/** A node of flatend's wire that says whatever a test wants it to. */

import { equal } from "node:assert/strict";
import { createConnection, type Socket } from "node:net";
import { ByteReader } from "../../../src/bytes/byte_reader.ts";
import { concat } from "../../../src/bytes/source.ts";
import type { FlatendBridge } from "../../../src/mesh/flatend/bridge.ts";
import { type Cipher, newExchange, TAG_BYTES } from "../../../src/mesh/flatend/cipher.ts";
import type { FlatendId } from "../../../src/mesh/flatend/flatend_id.ts";
import { FrameReader } from "../../../src/mesh/flatend/frame_reader.ts";
import {
  type Handshake,
  type Packet,
  readHandshake,
  readPacket,
  signedBytes,
  writePacket,
} from "../../../src/mesh/flatend/packets.ts";
import { type Identity, newIdentity } from "../../../src/mesh/identity.ts";
import { within } from "../within.ts";
import { offering } from "./flatend.ts";

/** What came. */
interface Came {
  readonly number: number;
  readonly message: Uint8Array<ArrayBuffer>;
}

/** One node. */
export class RawFlatend implements AsyncDisposable {
  readonly socket: Socket;
  readonly #closed = Promise.withResolvers<void>();
  readonly #frames = new FrameReader();
  readonly #came: Came[] = [];
  #cipher: Cipher | undefined;
  #wake = () => {};

  /** Connects; nothing is said yet. */
  constructor(port: number) {
    this.socket = createConnection({ host: "127.0.0.1", port });
    this.socket.on("error", () => {});
    this.socket.on("close", () => {
      this.#closed.resolve();
      this.#wake();
    });
  }

  /** Connects and exchanges keys. */
  static async exchanged(port: number): Promise<RawFlatend> {
    const node = new RawFlatend(port);
    const exchange = newExchange();
    node.socket.write(exchange.publicKey);
    const key = Promise.withResolvers<void>();
    let begun: Uint8Array<ArrayBuffer>[] = [];
    node.socket.on("data", (bytes: Uint8Array<ArrayBuffer>) => {
      if (node.#cipher) return node.#take(bytes);
      begun.push(bytes);
      const whole = concat(begun);
      if (whole.byteLength < 32) return;
      begun = [];
      node.#cipher = exchange.agree(whole.subarray(0, 32));
      key.resolve();
      node.#take(whole.subarray(32));
    });
    await within("the bridge sends its key", Promise.race([key.promise, node.#closed.promise]));
    return node;
  }

  /** Connects and says what it offers. */
  static async offering(port: number, ...services: string[]): Promise<RawFlatend> {
    const node = await RawFlatend.exchanged(port);
    await node.greet(services);
    return node;
  }

  /** When the other side has ended the connection. */
  get closed(): Promise<void> {
    return within("the bridge ends the connection", this.#closed.promise);
  }

  /** Says who it is. @returns what the bridge says of itself */
  async greet(services: readonly string[], identity?: Identity, number = 1): Promise<Handshake> {
    const handshake = identity ? signed(identity, services) : { id: undefined, services, signature: undefined };
    this.send({ type: "handshake", handshake }, number);
    return readHandshake(new ByteReader((await this.#next(({ number: of }) => of === number)).message));
  }

  /** Sends a packet. */
  send(packet: Packet, number = 0): void {
    this.sendMessage(writePacket(packet), number);
  }

  /** Sends anything as a packet. */
  sendMessage(message: Uint8Array, number = 0): void {
    const frame = new Uint8Array(4 + 4 + message.byteLength + TAG_BYTES);
    const view = new DataView(frame.buffer);
    view.setUint32(0, frame.byteLength - 4);
    const plain = new Uint8Array(4 + message.byteLength);
    new DataView(plain.buffer).setUint32(0, number);
    plain.set(message, 4);
    this.#cipher!.seal(plain, frame.subarray(4));
    this.socket.write(frame);
  }

  /** The next packet of a type; others before it are passed over. */
  async packet<Type extends Packet["type"]>(type: Type): Promise<Extract<Packet, { type: Type }>> {
    const { message } = await this.#next(({ number, message }) => number === 0 && readPacket(message).type === type);
    return readPacket(message) as Extract<Packet, { type: Type }>;
  }

  /** The reply to a question. */
  async reply(number: number): Promise<ByteReader> {
    return new ByteReader((await this.#next((came) => came.number === number)).message);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.#closed.promise;
  }

  #take(bytes: Uint8Array<ArrayBuffer>): void {
    for (const frame of this.#frames.read(bytes)) {
      const reader = new ByteReader(this.#cipher!.open(frame));
      this.#came.push({ number: reader.u32(), message: reader.rest() });
    }
    this.#wake();
  }

  async #next(fits: (came: Came) => boolean): Promise<Came> {
    const looking = async () => {
      for (;;) {
        const found = this.#came.findIndex(fits);
        if (found !== -1) return this.#came.splice(0, found + 1).at(-1)!;
        if (this.socket.destroyed) throw new Error("The bridge has ended the connection");
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
    };
    return await within("the bridge says something", looking());
  }
}

/** What a node with a key says of itself. */
export function signed(identity: Identity, services: readonly string[], port = 4000): Handshake {
  const id: FlatendId = { publicKey: identity.publicKey, host: "192.0.2.1", port };
  return { id, services, signature: identity.sign(signedBytes(id, services)) };
}

/** A handshake whose signature is another one's. */
export function forged(services: readonly string[]): Handshake {
  const { signature } = signed(newIdentity(), services);
  return { ...signed(newIdentity(), services), signature };
}

/** Answers the request that comes next. */
export async function answer(node: RawFlatend, body: string, fields: [string, string][] = []): Promise<void> {
  const { stream } = await node.packet("request");
  node.send({ type: "response", stream, handled: true, fields });
  node.send({ type: "data", stream, bytes: new TextEncoder().encode(body) });
  node.send({ type: "data", stream, bytes: new Uint8Array() });
}

/** The node's service answers. */
export async function works(bridge: FlatendBridge, node: RawFlatend, service: string): Promise<void> {
  const response = bridge.push(await offering(bridge, service), [service], new Request("http://a/"));
  await answer(node, "works");
  equal(await (await response).text(), "works");
}

/** A request to `ours`. */
export const request = (stream: number) => ({ type: "request", stream, services: ["ours"], fields: [] }) as const;
/** A piece of a body. */
export const data = (stream: number, bytes = 10) => ({ type: "data", stream, bytes: new Uint8Array(bytes) }) as const;
/** The beginning of an answer. */
export const response = (stream: number, handled = true) =>
  ({ type: "response", stream, handled, fields: [] }) as const;
