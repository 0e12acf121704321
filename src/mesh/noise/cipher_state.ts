/** AES-256-GCM with a key and the number of the next message: CipherState of Noise §5.1, with the cipher of §12.3. */

import { createCipheriv, createDecipheriv } from "node:crypto";
import { meshLimits } from "../limits.ts";
import { NoiseError } from "./noise_error.ts";

/** Bytes of a key. */
export const KEY_BYTES = 32;

/** Bytes that a message is longer when encrypted. */
export const TAG_BYTES = 16;

/** As node:crypto calls it. */
export const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const NOTHING = new Uint8Array(0);

/** One direction of encrypted messages. No number is used twice with one key. */
export class CipherState {
  readonly #key: Uint8Array;
  #nonce = 0;

  /** Makes one that begins with message 0; the key is copied. */
  constructor(key: Uint8Array) {
    if (key.byteLength !== KEY_BYTES) throw new RangeError(`A key has ${KEY_BYTES} bytes, not ${key.byteLength}`);
    this.#key = new Uint8Array(key);
  }

  /** Encrypts a message, and vouches for what is known of it beside that. */
  encrypt(plaintext: Uint8Array, associated: Uint8Array = NOTHING): Uint8Array<ArrayBuffer> {
    checkLength(plaintext.byteLength + TAG_BYTES);
    return seal(this.#key, nonceOf(this.#take()), plaintext, associated);
  }

  /** @throws {NoiseError} it was made with another key, in another place, or was changed */
  decrypt(ciphertext: Uint8Array, associated: Uint8Array = NOTHING): Uint8Array<ArrayBuffer> {
    const length = ciphertext.byteLength - TAG_BYTES;
    if (length < 0) throw new NoiseError("A message is shorter than its tag");
    const decipher = createDecipheriv(CIPHER, this.#key, nonceOf(this.#nonce));
    decipher.setAAD(associated);
    decipher.setAuthTag(ciphertext.subarray(length));
    const plaintext = new Uint8Array(decipher.update(ciphertext.subarray(0, length)));
    try {
      decipher.final();
    } catch {
      throw new NoiseError("A message is not from who it should be from, or was changed on its way");
    }
    this.#take(); // Noise §5.1: what can't be decrypted has no number
    return plaintext;
  }

  /** Forgets the key. */
  wipe(): void {
    this.#key.fill(0);
  }

  #take(): number {
    if (this.#nonce === Number.MAX_SAFE_INTEGER) throw new RangeError("Cannot encrypt more with one key");
    return this.#nonce++;
  }
}

/** The key that follows a key: REKEY of Noise §4.2. The old one can't be told from it. */
export function rekey(key: Uint8Array): Uint8Array<ArrayBuffer> {
  const last = new Uint8Array(NONCE_BYTES).fill(0xff, 4); // 2^64 - 1, which no message has
  return seal(key, last, new Uint8Array(KEY_BYTES), NOTHING).slice(0, KEY_BYTES);
}

function seal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, associated: Uint8Array) {
  const cipher = createCipheriv(CIPHER, key, nonce);
  cipher.setAAD(associated);
  const sealed = new Uint8Array(plaintext.byteLength + TAG_BYTES);
  sealed.set(cipher.update(plaintext));
  cipher.final();
  sealed.set(cipher.getAuthTag(), plaintext.byteLength);
  return sealed;
}

/** The nonce of a message: 32 zero bits, and its number in 64, big-endian (Noise §12.3). */
export function nonceOf(number: number): Uint8Array<ArrayBuffer> {
  const nonce = new Uint8Array(NONCE_BYTES);
  const high = Math.floor(number / 2 ** 32);
  for (let i = 0; i < 4; i++) {
    nonce[4 + i] = high >>> 24 - 8 * i;
    nonce[8 + i] = number >>> 24 - 8 * i;
  }
  return nonce;
}

/** @throws {RangeError} Noise §3: messages have at most 65,535 bytes */
export function checkLength(bytes: number): void {
  if (bytes > meshLimits.noiseMessageBytes) {
    throw new RangeError(`A message of ${bytes} bytes is longer than ${meshLimits.noiseMessageBytes}`);
  }
}
