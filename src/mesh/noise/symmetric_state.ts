/** What both sides have said so far, as a hash and a chain of keys: SymmetricState of Noise §5.2. */

import { hash, HASH_BYTES, hkdf } from "./blake2b.ts";
import { CipherState, KEY_BYTES } from "./cipher_state.ts";

const NOTHING = new Uint8Array(0);

/** Keys for what follows a handshake, from the initiator and from the responder. */
export type SplitKeys = readonly [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>];

/** The symmetric half of a handshake. */
export class SymmetricState {
  #hash: Uint8Array;
  #chainingKey: Uint8Array;
  #cipher: CipherState | undefined;

  /** InitializeSymmetric. */
  constructor(protocolName: string) {
    const name = new TextEncoder().encode(protocolName);
    this.#hash = new Uint8Array(HASH_BYTES);
    if (name.byteLength <= HASH_BYTES) this.#hash.set(name);
    else this.#hash = hash(name);
    this.#chainingKey = this.#hash.slice();
  }

  /** The hash of all that was said: the same on both sides, and in no other handshake. */
  get hash(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#hash);
  }

  /** True when what is said from now on is encrypted. */
  get isKeyed(): boolean {
    return this.#cipher !== undefined;
  }

  mixHash(bytes: Uint8Array): void {
    this.#hash = hash(this.#hash, bytes);
  }

  mixKey(input: Uint8Array): void {
    const [chainingKey, key] = hkdf(this.#chainingKey, input, 2);
    this.#follow(chainingKey, key);
  }

  mixKeyAndHash(input: Uint8Array): void {
    const [chainingKey, forHash, key] = hkdf(this.#chainingKey, input, 3);
    this.mixHash(forHash);
    this.#follow(chainingKey, key);
  }

  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const ciphertext = this.#cipher ? this.#cipher.encrypt(plaintext, this.#hash) : plaintext;
    this.mixHash(ciphertext);
    return ciphertext;
  }

  /** @throws {NoiseError} */
  decryptAndHash(ciphertext: Uint8Array): Uint8Array<ArrayBuffer> {
    const plaintext = this.#cipher ? this.#cipher.decrypt(ciphertext, this.#hash) : new Uint8Array(ciphertext);
    this.mixHash(ciphertext);
    return plaintext;
  }

  /** Gives the keys for what follows, and forgets what they come from. */
  split(): SplitKeys {
    const outputs = hkdf(this.#chainingKey, NOTHING, 2);
    this.wipe();
    const [first, second] = outputs.map((output) => new Uint8Array(output.subarray(0, KEY_BYTES)));
    for (const output of outputs) output.fill(0);
    return [first, second];
  }

  /** Forgets all secrets. */
  wipe(): void {
    this.#chainingKey.fill(0);
    this.#cipher?.wipe();
  }

  #follow(chainingKey: Uint8Array, key: Uint8Array): void {
    this.wipe();
    this.#chainingKey = chainingKey;
    this.#cipher = new CipherState(key.subarray(0, KEY_BYTES));
    key.fill(0);
  }
}
