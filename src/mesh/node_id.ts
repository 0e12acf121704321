/** Names of nodes: the public half of an Ed25519 key, as letters and digits that stand in any URL, flag and host name. */

import { createHash } from "node:crypto";

/** Base32 (RFC 4648 §6) in lower case, without padding, of the 32 bytes of an Ed25519 public key: 52 characters. */
export type NodeId = string;

/** Bytes of an Ed25519 public key (RFC 8032 §5.1.5). */
export const PUBLIC_KEY_BYTES = 32;

const LETTERS = "abcdefghijklmnopqrstuvwxyz234567";
const ID = /^[a-z2-7]{51}[aq]$/; // 260 bits hold 256: the last four are zero, so that a key has one name only

/** The name of whoever has the private half. */
export function nodeIdOf(publicKey: Uint8Array): NodeId {
  if (publicKey.byteLength !== PUBLIC_KEY_BYTES) {
    throw new RangeError(`A public key of Ed25519 has ${PUBLIC_KEY_BYTES} bytes, not ${publicKey.byteLength}`);
  }
  let id = "";
  let bits = 0;
  let held = 0;
  for (const byte of publicKey) {
    held = (held << 8 | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) id += LETTERS[held >>> (bits - 5) & 31];
  }
  return id + LETTERS[held << (5 - bits) & 31];
}

/** True for what is written as ids are. */
export function isNodeId(text: string): boolean {
  return ID.test(text);
}

/**
 * The key that an id names.
 *
 * @throws {TypeError} when it is none
 */
export function publicKeyOf(id: NodeId): Uint8Array<ArrayBuffer> {
  if (!isNodeId(id)) {
    throw new TypeError(`Not the id of a node: ${JSON.stringify(id.slice(0, 64))}; ids have 52 characters`);
  }
  const key = new Uint8Array(PUBLIC_KEY_BYTES);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const letter of id) {
    held = (held << 5 | LETTERS.indexOf(letter)) & 0xfff;
    bits += 5;
    if (bits < 8 || at === PUBLIC_KEY_BYTES) continue;
    bits -= 8;
    key[at++] = held >>> bits & 0xff;
  }
  return key;
}

/** Where a node stands among the others: ids can be chosen to some degree, so that their hash is what distances are of. */
export function placeOfNode(id: NodeId): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash("sha256").update(publicKeyOf(id)).digest());
}

/** Where the providers of a service are told of. */
export function placeOfService(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash("sha256").update("sluice service\0").update(name).digest());
}
