/** Diffie-Hellman over Curve25519 (RFC 7748) with raw keys of 32 bytes, by node:crypto: the DH functions of Noise §12.1. */

import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from "node:crypto";
import { NoiseError } from "./noise_error.ts";

/** Bytes of a public key, and of what two keys agree on: Noise's DHLEN. */
export const DH_BYTES = 32;

/** What stands before a raw key in DER (RFC 8410): the same for all. */
const SPKI_HEAD = Uint8Array.from([0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 3, 0x21, 0]);
const PKCS8_HEAD = Uint8Array.from([0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20]);

/** Both halves; the private one stays inside node:crypto, and in no error, log or JSON text. */
export interface KeyPairX25519 {
  /** 32 bytes. */
  readonly publicKey: Uint8Array<ArrayBuffer>;
  readonly privateKey: KeyObject;
}

/** Makes a pair. */
export function newKeyPairX25519(): KeyPairX25519 {
  const { publicKey, privateKey } = generateKeyPairSync("x25519");
  return { publicKey: rawOf(publicKey), privateKey };
}

/** The pair of a raw private key, which is 32 bytes. */
export function keyPairX25519From(privateKey: Uint8Array): KeyPairX25519 {
  const key = createPrivateKey({ key: join(PKCS8_HEAD, privateKey), format: "der", type: "pkcs8" });
  return { publicKey: rawOf(createPublicKey(key)), privateKey: key };
}

/**
 * What two keys agree on. A public key of small order would make that known to all: such are refused (RFC 7748 §6.1).
 *
 * @throws {NoiseError}
 */
export function agree({ privateKey }: KeyPairX25519, publicKey: Uint8Array): Uint8Array {
  let secret: Uint8Array;
  try {
    const key = createPublicKey({ key: join(SPKI_HEAD, publicKey), format: "der", type: "spki" });
    secret = diffieHellman({ privateKey, publicKey: key });
  } catch {
    // OpenSSL refuses them itself, and says nothing that helps.
    throw new NoiseError("The other side's public key can't be used");
  }
  if (secret.every((byte) => byte === 0)) throw new NoiseError("The other side's public key can't be used");
  return secret;
}

function rawOf(key: KeyObject): Uint8Array<ArrayBuffer> {
  return new Uint8Array(key.export({ format: "der", type: "spki" })).slice(SPKI_HEAD.byteLength);
}

/** DER of a raw key, as node:crypto takes it. */
function join(head: Uint8Array, raw: Uint8Array): Buffer {
  if (raw.byteLength !== DH_BYTES) throw new RangeError(`A key of X25519 has ${DH_BYTES} bytes, not ${raw.byteLength}`);
  return Buffer.concat([head, raw]);
}
