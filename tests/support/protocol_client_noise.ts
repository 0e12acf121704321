/**
 * The handshake of docs/protocols/mesh.md, written from that text and from the Noise specification, with nothing of
 * src/mesh in it: that it works with a real node shows that the text is enough.
 */

import { Buffer } from "node:buffer";
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from "node:crypto";

/** DER before a raw key of 32 bytes (RFC 8410): public and private, by the last byte of the algorithm's number. */
const spki = (algorithm: number) => Buffer.from([48, 42, 48, 5, 6, 3, 43, 101, algorithm, 3, 33, 0]);
const pkcs8 = (algorithm: number) => Buffer.from([48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, algorithm, 4, 34, 4, 32]);
const X25519 = 0x6e;
const ED25519 = 0x70;
const NOTHING = Buffer.alloc(0);

/** Both halves of a key. */
export interface RawPair {
  readonly raw: Buffer;
  readonly key: KeyObject;
}

function pairOf(secret: Uint8Array, algorithm: number): RawPair {
  const key = createPrivateKey({ key: Buffer.concat([pkcs8(algorithm), secret]), format: "der", type: "pkcs8" });
  return { key, raw: createPublicKey(key).export({ format: "der", type: "spki" }).subarray(12) };
}

function publicOf(raw: Uint8Array, algorithm: number): KeyObject {
  return createPublicKey({ key: Buffer.concat([spki(algorithm), raw]), format: "der", type: "spki" });
}

/** A key for a handshake, from 32 secret bytes. */
export const handshakeKey = (secret: Uint8Array = randomBytes(32)): RawPair => pairOf(secret, X25519);

/** An identity, from 32 secret bytes. */
export const identityKey = (secret: Uint8Array = randomBytes(32)): RawPair => pairOf(secret, ED25519);

/** A signature of an identity. */
export const signed = ({ key }: RawPair, bytes: Uint8Array): Buffer => sign(null, bytes, key);

/** Whether the holder of a raw Ed25519 key has signed. */
export function isSigned(raw: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  return verify(null, bytes, publicOf(raw, ED25519), signature);
}

const hash = (...parts: Uint8Array[]) => createHash("blake2b512").update(Buffer.concat(parts)).digest();
const hmac = (key: Uint8Array, data: Uint8Array) => createHmac("blake2b512", key).update(data).digest();

function hkdf(chain: Uint8Array, input: Uint8Array, count: number): Buffer[] {
  const key = hmac(chain, input);
  const outputs: Buffer[] = [];
  for (let i = 1; i <= count; i++) outputs.push(hmac(key, Buffer.concat([outputs.at(-1) ?? NOTHING, Buffer.of(i)])));
  return outputs;
}

function nonceOf(number: number | bigint): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64BE(BigInt(number), 4);
  return nonce;
}

/** Encrypts; the tag stands behind. */
export function encrypt(
  key: Uint8Array,
  number: number | bigint,
  plain: Uint8Array,
  associated: Uint8Array = NOTHING,
): Buffer {
  const cipher = createCipheriv("aes-256-gcm", key, nonceOf(number)).setAAD(associated);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Decrypts; throws for what was changed. */
export function decrypt(key: Uint8Array, number: number, sealed: Uint8Array, associated: Uint8Array = NOTHING): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", key, nonceOf(number), { authTagLength: 16 }).setAAD(associated);
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
}

/** What one side of a handshake has. */
export interface NoiseOptions {
  readonly initiator: boolean;
  readonly prologue: string;
  readonly psk?: Uint8Array;
  readonly own: RawPair;
  /** For known answers; else a new one. */
  readonly ephemeral?: RawPair;
}

/** `Noise_XX_25519_AESGCM_BLAKE2b`, or with `psk0`. */
export class Noise {
  readonly #options: NoiseOptions;
  readonly #ephemeral: RawPair;
  readonly #messages: string[][];
  #hash: Buffer;
  #chain: Buffer;
  #key: Buffer | undefined;
  #number = 0;
  #theirs: { ephemeral?: Buffer; own?: Buffer } = {};

  constructor(options: NoiseOptions) {
    const { psk, prologue, ephemeral = handshakeKey() } = options;
    this.#options = options;
    this.#ephemeral = ephemeral;
    const name = Buffer.from(`Noise_XX${psk ? "psk0" : ""}_25519_AESGCM_BLAKE2b`);
    this.#hash = this.#chain = Buffer.concat([name, Buffer.alloc(64 - name.length)]);
    this.#mixHash(Buffer.from(prologue));
    this.#messages = [[...psk ? ["psk"] : [], "e"], ["e", "ee", "s", "es"], ["s", "se"]];
  }

  /** The static key of the other side. */
  get remote(): Buffer {
    return this.#theirs.own!;
  }

  write(payload: Uint8Array): Buffer {
    const parts: Buffer[] = [];
    for (const token of this.#messages.shift()!) {
      if (token === "e") parts.push(this.#mixEphemeral(this.#ephemeral.raw));
      else if (token === "s") parts.push(this.#seal(this.#options.own.raw));
      else this.#mix(token);
    }
    return Buffer.concat([...parts, this.#seal(payload)]);
  }

  read(message: Buffer): Buffer {
    let rest = message;
    const take = (length: number) => {
      const taken = rest.subarray(0, length);
      rest = rest.subarray(length);
      return taken;
    };
    for (const token of this.#messages.shift()!) {
      if (token === "e") this.#theirs.ephemeral = this.#mixEphemeral(take(32));
      else if (token === "s") this.#theirs.own = this.#open(take(48));
      else this.#mix(token);
    }
    return this.#open(rest);
  }

  /** The keys of the initiator and of the responder. */
  split(): [Buffer, Buffer] {
    const [first, second] = hkdf(this.#chain, NOTHING, 2);
    return [first.subarray(0, 32), second.subarray(0, 32)];
  }

  #mixHash(bytes: Uint8Array): void {
    this.#hash = hash(this.#hash, bytes);
  }

  #mixKey(input: Uint8Array): void {
    const [chain, key] = hkdf(this.#chain, input, 2);
    this.#follow(chain, key);
  }

  #follow(chain: Buffer, key: Buffer): void {
    [this.#chain, this.#key, this.#number] = [chain, key.subarray(0, 32), 0];
  }

  #mixEphemeral(raw: Buffer): Buffer {
    this.#mixHash(raw);
    if (this.#options.psk) this.#mixKey(raw);
    return raw;
  }

  #mix(token: string): void {
    if (token === "psk") {
      const [chain, more, key] = hkdf(this.#chain, this.#options.psk!, 3);
      this.#mixHash(more);
      return this.#follow(chain, key);
    }
    const [ours, theirs] = this.#options.initiator ? token : [token[1], token[0]];
    const secret = ours === "e" ? this.#ephemeral : this.#options.own;
    const point = theirs === "e" ? this.#theirs.ephemeral! : this.#theirs.own!;
    this.#mixKey(diffieHellman({ privateKey: secret.key, publicKey: publicOf(point, X25519) }));
  }

  #seal(plain: Uint8Array): Buffer {
    const text = this.#key ? encrypt(this.#key, this.#number++, plain, this.#hash) : Buffer.from(plain);
    this.#mixHash(text);
    return text;
  }

  #open(text: Buffer): Buffer {
    const plain = this.#key ? decrypt(this.#key, this.#number++, text, this.#hash) : text;
    this.#mixHash(text);
    return plain;
  }
}
