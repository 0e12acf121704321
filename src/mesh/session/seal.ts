/**
 * Seals messages and opens them: AES-256-GCM with a key and a counter for each direction (Noise §5.1, §12.3), so that what
 * was changed, left out, repeated or put elsewhere is no message. Keys change by themselves (Noise §11.3).
 *
 * Short messages are sealed at once, because to change threads costs more; long ones by other threads, several at a time,
 * because that is where bulk gets its speed.
 */

import { createCipheriv, createDecipheriv } from "node:crypto";
import { letGo } from "../../bytes/let_go.ts";
import { meshLimits } from "../limits.ts";
import { CIPHER, nonceOf, rekey, TAG_BYTES } from "../noise/cipher_state.ts";
import { InOrder } from "./in_order.ts";

/** Bytes of a message's length before it. */
export const LENGTH_BYTES = 2;

/** Messages under one key; both sides count them. */
const REKEY_MESSAGES = 2 ** 16;
/** From here on other threads are quicker: they cost some 35 µs, which node:crypto takes for 8 KiB. */
const LONG_BYTES = 8 * 1024;

/** What one message is sealed with. */
interface Turn {
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly key: Uint8Array<ArrayBuffer>;
  readonly shared: () => CryptoKey | Promise<CryptoKey>;
}

/** The key of one direction, and how often it was used. */
class Direction {
  #key: Uint8Array<ArrayBuffer>;
  #nonce: number;
  /** The same key for the other threads, once it was needed. */
  #shared: CryptoKey | Promise<CryptoKey> | undefined;

  constructor(key: Uint8Array<ArrayBuffer>, nonce: number) {
    this.#key = key;
    this.#nonce = nonce;
  }

  /** Takes the next nonce (Noise §12.3: 32 zero bits, and the counter in big-endian), with its key. */
  next(): Turn {
    const nonce = this.#nonce++;
    if (nonce > 0 && nonce % REKEY_MESSAGES === 0) {
      this.#key = rekey(this.#key);
      this.#shared = undefined;
    }
    return { iv: nonceOf(nonce), key: this.#key, shared: () => this.#shared ??= this.#import(this.#key) };
  }

  async #import(key: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
    const shared = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]);
    if (key === this.#key) this.#shared = shared;
    return shared;
  }
}

/** How a direction is sealed. */
export interface SealKey {
  /** Undefined in simulations, where nothing is sealed. */
  readonly key: Uint8Array<ArrayBuffer> | undefined;
  /** The number of the next message. */
  readonly nonce: number;
}

/** Makes messages. */
export class Sealer {
  readonly #direction: Direction | undefined;
  readonly #sealed: InOrder<Uint8Array<ArrayBuffer>>;

  /**
   * Makes one.
   *
   * @param send takes messages, each behind its length, in order
   */
  constructor(
    { key, nonce }: SealKey,
    send: (message: Uint8Array<ArrayBuffer>) => void,
    fail: (error: unknown) => void,
  ) {
    this.#direction = key && new Direction(key, nonce);
    this.#sealed = new InOrder(send, fail);
  }

  /** There is so much under way that the next should wait. */
  get isBusy(): boolean {
    return this.#sealed.waiting >= meshLimits.sealedAtOnce;
  }

  /** Nothing is under way. */
  get isIdle(): boolean {
    return this.#sealed.waiting === 0;
  }

  /** Seals a message, which may be changed afterwards. */
  seal(plain: Uint8Array<ArrayBuffer>): void {
    if (!this.#direction) return this.#sealed.add(behindLength(plain, plain.byteLength));
    const { iv, key, shared } = this.#direction.next();
    if (plain.byteLength < LONG_BYTES) return this.#sealed.add(sealNow(key, iv, plain));
    const known = shared();
    this.#sealed.await(sealElsewhere(known, iv, keptFor(known, plain)));
  }
}

function sealNow(key: Uint8Array, iv: Uint8Array, plain: Uint8Array): Uint8Array<ArrayBuffer> {
  const cipher = createCipheriv(CIPHER, key, iv);
  const text = cipher.update(plain);
  cipher.final();
  const message = behindLength(text, text.byteLength + TAG_BYTES);
  message.set(cipher.getAuthTag(), LENGTH_BYTES + text.byteLength);
  return message;
}

async function sealElsewhere(
  key: CryptoKey | Promise<CryptoKey>,
  iv: Uint8Array<ArrayBuffer>,
  plain: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const shared = key instanceof Promise ? await key : key;
  const text = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, shared, plain);
  const message = behindLength(new Uint8Array(text), text.byteLength);
  letGo(text);
  return message;
}

/** Other threads get a copy of their own when they are called, which is later where the key is still to come. */
function keptFor(key: CryptoKey | Promise<CryptoKey>, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return key instanceof Promise ? bytes.slice() : bytes;
}

function behindLength(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(LENGTH_BYTES + length);
  message[0] = length >>> 8;
  message[1] = length;
  message.set(bytes, LENGTH_BYTES);
  return message;
}

/** Opens messages. */
export class Opener {
  readonly #direction: Direction | undefined;
  readonly #opened: InOrder<Uint8Array<ArrayBuffer>>;
  readonly #fail: (error: unknown) => void;

  /**
   * Makes one.
   *
   * @param take takes what was in the messages, in order
   * @param fail told of a message that is none
   */
  constructor({ key, nonce }: SealKey, take: (plain: Uint8Array<ArrayBuffer>) => void, fail: (error: unknown) => void) {
    this.#direction = key && new Direction(key, nonce);
    this.#opened = new InOrder(take, fail);
    this.#fail = fail;
  }

  /** Messages that are being opened, or wait for one that is. */
  get waiting(): number {
    return this.#opened.waiting;
  }

  /** Opens a message, which may be changed afterwards. */
  open(message: Uint8Array<ArrayBuffer>): void {
    if (!this.#direction) return this.#opened.add(message.slice());
    if (message.byteLength < TAG_BYTES) return this.#fail(new RangeError("A message has no tag"));
    const { iv, key, shared } = this.#direction.next();
    if (message.byteLength < LONG_BYTES) {
      let plain: Uint8Array<ArrayBuffer>;
      try {
        plain = openNow(key, iv, message);
      } catch (error) {
        return this.#fail(error);
      }
      return this.#opened.add(plain);
    }
    const known = shared();
    this.#opened.await(openElsewhere(known, iv, keptFor(known, message)));
  }
}

function openNow(key: Uint8Array, iv: Uint8Array, message: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const end = message.byteLength - TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(message.subarray(end));
  const { buffer, byteOffset, byteLength } = decipher.update(message.subarray(0, end));
  decipher.final();
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

async function openElsewhere(
  key: CryptoKey | Promise<CryptoKey>,
  iv: Uint8Array<ArrayBuffer>,
  message: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const shared = key instanceof Promise ? await key : key;
  return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, shared, message));
}
