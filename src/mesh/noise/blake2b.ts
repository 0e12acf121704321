/**
 * BLAKE2b (RFC 7693) with 64 bytes, HMAC (RFC 2104) over it, and the HKDF of Noise §4.3. HMAC is put together by hand
 * from node:crypto's hash: that takes 7 microseconds, createHmac 18, and @noble/hashes 21.
 */

import { createHash } from "node:crypto";

/** Bytes of a hash: Noise's HASHLEN. */
export const HASH_BYTES = 64;

/** What is hashed at once: Noise's BLOCKLEN. */
const BLOCK_BYTES = 128;

/** HASH of Noise §12.8, of bytes one behind the other. */
export function hash(...parts: readonly Uint8Array[]): Uint8Array {
  const state = createHash("blake2b512");
  for (const part of parts) state.update(part);
  return new Uint8Array(state.digest()); // a Buffer's slice would be no copy
}

/**
 * HKDF of Noise §4.3.
 *
 * @param chainingKey 64 bytes
 * @param input nothing, or 32 bytes
 * @param count how many outputs of 64 bytes there are to be
 */
export function hkdf(chainingKey: Uint8Array, input: Uint8Array, count: 2 | 3): Uint8Array[] {
  const key = hmac(chainingKey, input);
  const outputs = [hmac(key, Uint8Array.of(1))];
  while (outputs.length < count) {
    const message = new Uint8Array(HASH_BYTES + 1);
    message.set(outputs[outputs.length - 1]);
    message[HASH_BYTES] = outputs.length + 1;
    outputs.push(hmac(key, message));
  }
  key.fill(0);
  return outputs;
}

/** The key has 64 bytes, less than a block. */
function hmac(key: Uint8Array, message: Uint8Array): Uint8Array {
  const inner = new Uint8Array(BLOCK_BYTES + message.byteLength).fill(0x36, 0, BLOCK_BYTES);
  const outer = new Uint8Array(BLOCK_BYTES + HASH_BYTES).fill(0x5c, 0, BLOCK_BYTES);
  for (let at = 0; at < HASH_BYTES; at++) {
    inner[at] ^= key[at];
    outer[at] ^= key[at];
  }
  inner.set(message, BLOCK_BYTES);
  outer.set(hash(inner), BLOCK_BYTES);
  return hash(outer);
}
