/**
 * The encryption of flatend 0.0.8. It keeps out who only listens, and not even that well: both directions have one key
 * and count their nonces from 0, so that what is sent under the same number can be taken apart; and nobody proves the
 * keys of the exchange, so that whoever stands in the middle reads and changes all. docs/flatend.md says so to users.
 */

import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, createPublicKey, diffieHellman, generateKeyPairSync } from "node:crypto";
import { blake2b } from "@noble/hashes/blake2.js";
import { MalformedError } from "../../bytes/byte_reader.ts";

/** Bytes of an X25519 key, of either side. */
export const EXCHANGE_BYTES = 32;
/** Bytes of the tag behind each message. */
export const TAG_BYTES = 16;

const ALGORITHM = "aes-256-gcm";
const NONCE_BYTES = 12;
/** What stands before a raw key in SPKI (RFC 8410 §4). */
const SPKI_HEAD = Buffer.from("302a300506032b656e032100", "hex");

/** One side's part of a key exchange. */
export interface Exchange {
  /** For the other side. */
  readonly publicKey: Uint8Array;
  /**
   * The cipher that both have.
   *
   * @throws {MalformedError} when the other side's key gives a secret that anybody knows
   */
  agree(theirs: Uint8Array): Cipher;
}

/** Begins an exchange. */
export function newExchange(): Exchange {
  const { publicKey, privateKey } = generateKeyPairSync("x25519");
  return {
    publicKey: publicKey.export({ type: "spki", format: "der" }).subarray(SPKI_HEAD.byteLength),
    agree(theirs) {
      const key = Buffer.concat([SPKI_HEAD, theirs]);
      let secret: Uint8Array;
      try {
        secret = diffieHellman({ privateKey, publicKey: createPublicKey({ key, format: "der", type: "spki" }) });
      } catch {
        throw new MalformedError("A key of the exchange is none"); // a point of low order (RFC 7748 §6.1)
      }
      return new Cipher(blake2b(secret, { dkLen: 32 }));
    },
  };
}

/** Encrypts what goes out and decrypts what comes in, each in order. */
export class Cipher {
  readonly #key: Uint8Array;
  #sealed = 0;
  #opened = 0;

  /** Makes one of a key of 32 bytes. */
  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** Writes a message and its tag to where there is room for both. */
  seal(message: Uint8Array, into: Uint8Array): void {
    const cipher = createCipheriv(ALGORITHM, this.#key, nonceOf(this.#sealed++), { authTagLength: TAG_BYTES });
    into.set(cipher.update(message));
    cipher.final();
    into.set(cipher.getAuthTag(), message.byteLength);
  }

  /**
   * The message of a frame.
   *
   * @throws {MalformedError} when it was not sealed with the same key as the next one
   */
  open(frame: Uint8Array): Uint8Array<ArrayBuffer> {
    const length = frame.byteLength - TAG_BYTES;
    if (length < 0) throw new MalformedError("A frame is shorter than its tag");
    const decipher = createDecipheriv(ALGORITHM, this.#key, nonceOf(this.#opened++), { authTagLength: TAG_BYTES });
    decipher.setAuthTag(frame.subarray(length));
    const message = decipher.update(frame.subarray(0, length));
    try {
      decipher.final();
    } catch {
      throw new MalformedError("A frame can't be decrypted");
    }
    return new Uint8Array(message.buffer as ArrayBuffer, message.byteOffset, message.byteLength);
  }
}

/** A number of 64 bits, and four bytes of nothing. */
function nonceOf(count: number): Uint8Array {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce.writeUInt32BE(Math.floor(count / 2 ** 32), 0);
  nonce.writeUInt32BE(count >>> 0, 4);
  return nonce;
}
