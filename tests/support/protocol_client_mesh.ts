/** A node of the mesh as docs/protocols/mesh.md has it, with nothing of src/mesh in it: one session over TCP. */

import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import {
  decrypt,
  encrypt,
  handshakeKey,
  identityKey,
  isSigned,
  Noise,
  type RawPair,
  signed,
} from "./protocol_client_noise.ts";
import { within } from "./within.ts";

/** Before a static key, where it is signed. */
const STATIC_KEY = Buffer.from("sluice mesh static key\0");
const PROLOGUE = "sluice-mesh/1";
const END = 0x80;

/** A frame. */
export interface Frame {
  readonly type: number;
  readonly isLast: boolean;
  readonly stream: number;
  readonly payload: Buffer;
}

/** What an identity shows of itself: its key, and its signature over the static key of the handshake. */
export function proofOf(identity: RawPair, staticKey: Uint8Array): Buffer {
  return Buffer.concat([identity.raw, signed(identity, Buffer.concat([STATIC_KEY, staticKey]))]);
}

/** Checks it. @returns the public key */
export function checkProof(proof: Buffer, staticKey: Uint8Array): Buffer {
  const key = proof.subarray(0, 32);
  const isRight = proof.length === 96 && isSigned(key, Buffer.concat([STATIC_KEY, staticKey]), proof.subarray(32));
  if (!isRight) throw new Error("The other side can't prove its id");
  return key;
}

/** The name of a node: base32 in small letters, without padding. */
export function idOf(key: Uint8Array): string {
  const bits = Array.from(key, (byte) => byte.toString(2).padStart(8, "0")).join("").padEnd(260, "0");
  return bits.replace(/.{5}/g, (five) => "abcdefghijklmnopqrstuvwxyz234567"[parseInt(five, 2)]);
}

/** Writes a frame. */
export function frame(type: number, stream: number, payload: Uint8Array | string = "", isLast = false): Buffer {
  const bytes = Buffer.from(payload as string);
  const head = Buffer.alloc(7);
  head.writeUInt8(isLast ? type | END : type, 0);
  head.writeUInt32BE(stream, 1);
  head.writeUInt16BE(bytes.length, 5);
  return Buffer.concat([head, bytes]);
}

/** Reads all frames of a message. */
export function framesOf(message: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < message.length;) {
    const end = at + 7 + message.readUInt16BE(at + 5);
    const [first, stream] = [message[at], message.readUInt32BE(at + 1)];
    if (end > message.length) throw new Error("A message does not end with a frame");
    frames.push({ type: first & 0x7f, isLast: first >= END, stream, payload: message.subarray(at + 7, end) });
    at = end;
  }
  return frames;
}

/** A text behind a length of one byte, or of two. */
export const text8 = (text: string): Buffer => Buffer.concat([Buffer.of(Buffer.byteLength(text)), Buffer.from(text)]);
export const text16 = (text: string): Buffer => Buffer.concat([u16(Buffer.byteLength(text)), Buffer.from(text)]);

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

/** Eight bytes. */
function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

/** Makes the record of an offer by a node without addresses, which others reach by their session with it. */
export function recordOf(identity: RawPair, service: string, version: string, nowMs: number): Buffer {
  const said = Buffer.concat([
    Buffer.of(1, 0),
    ...[text8(service), text8(version)],
    ...[u64(nowMs), u64(nowMs + 60_000), u64(nowMs)],
    ...[identity.raw, Buffer.of(0, 0)],
  ]);
  return Buffer.concat([said, signed(identity, Buffer.concat([Buffer.from("sluice provider record 1\0"), said]))]);
}

/** One session that was dialled. */
export class MeshPeer implements AsyncDisposable {
  readonly identity: RawPair;
  /** The node at the other end. */
  remote = "";
  readonly #socket: Socket;
  readonly #closed: Promise<void>;
  #bytes = Buffer.alloc(0);
  #isOver = false;
  #wake = () => {};
  readonly #frames: Frame[] = [];
  readonly #send: { key: Buffer; number: number } = { key: Buffer.alloc(0), number: 0 };
  /** The responder has used one number, for its verdict. */
  readonly #receive: { key: Buffer; number: number } = { key: Buffer.alloc(0), number: 1 };
  #asked = 0;

  private constructor(port: number, identity: RawPair) {
    this.identity = identity;
    this.#socket = connect({ host: "127.0.0.1", port });
    this.#socket.on("data", (bytes: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      this.#wake();
    });
    this.#socket.on("error", () => {});
    this.#closed = new Promise((resolve) =>
      this.#socket.on("close", () => {
        this.#isOver = true;
        this.#wake();
        resolve();
      })
    );
  }

  /** Dials, and greets. */
  static async dial(port: number, options: { identity?: RawPair; psk?: Uint8Array } = {}): Promise<MeshPeer> {
    const peer = new MeshPeer(port, options.identity ?? identityKey());
    try {
      await within("the node greets", peer.#greet(options.psk));
      return peer;
    } catch (error) {
      await peer[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #greet(psk: Uint8Array | undefined): Promise<void> {
    const own = handshakeKey();
    const noise = new Noise({ initiator: true, prologue: PROLOGUE, psk, own });
    this.#write(noise.write(new Uint8Array(0)));
    const proof = noise.read(await this.#message());
    this.remote = idOf(checkProof(proof, noise.remote));
    this.#write(noise.write(proofOf(this.identity, own.raw)));
    const [ours, theirs] = noise.split();
    this.#send.key = ours;
    this.#receive.key = theirs;
    const verdict = decrypt(theirs, 0, await this.#message());
    if (verdict[0] !== 0 || verdict.length !== 1) throw new Error(`Refused: ${verdict.subarray(1)}`);
  }

  /** Sends frames as one message. */
  send(...frames: Buffer[]): void {
    this.#write(encrypt(this.#send.key, this.#send.number++, Buffer.concat(frames)));
  }

  /** The next frame that fits; pings are answered meanwhile, questions are not, and others are passed over. */
  next(what: string, fits: (frame: Frame) => boolean): Promise<Frame> {
    const looking = async () => {
      for (;;) {
        const found = this.#frames.shift();
        if (!found) {
          const message = await this.#message();
          this.#frames.push(...framesOf(decrypt(this.#receive.key, this.#receive.number++, message)));
        } else if (fits(found)) return found;
        else if (found.type === 8) this.send(frame(9, 0, found.payload));
        else if (found.type === 11) this.send(frame(12, found.stream, Buffer.of(1)));
      }
    };
    return within(what, looking());
  }

  /** Asks a question, and gives the answer. */
  async ask(question: Uint8Array): Promise<Buffer> {
    const id = ++this.#asked;
    this.send(frame(11, id, question));
    const { payload } = await this.next("an answer", ({ type, stream }) => type === 12 && stream === id);
    if (payload[0] !== 0) throw new Error("The node did not answer the question");
    return payload.subarray(1);
  }

  /** Resolves when the node has ended the connection. */
  get closed(): Promise<void> {
    return within("the node ends the connection", this.#closed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.#closed;
  }

  #write(message: Buffer): void {
    this.#socket.write(Buffer.concat([u16(message.length), message]));
  }

  async #message(): Promise<Buffer> {
    for (;;) {
      const length = this.#bytes.length < 2 ? Infinity : 2 + this.#bytes.readUInt16BE();
      if (this.#bytes.length >= length) {
        const message = this.#bytes.subarray(2, length);
        this.#bytes = this.#bytes.subarray(length);
        return message;
      }
      if (this.#isOver) throw new Error("The node has ended the connection");
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}
