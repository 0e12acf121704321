/** Who a node is: an Ed25519 key whose public half is its id, so that a signature needs no more than the id to be judged. */

import { Buffer } from "node:buffer";
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { type KeyPair, newKeyPair, type PublicKey } from "../net/keys.ts";
import { meshLimits } from "./limits.ts";
import { isNodeId, type NodeId, nodeIdOf, publicKeyOf } from "./node_id.ts";

/** A node's key pair, as far as the mesh needs it. */
export interface Identity {
  readonly id: NodeId;
  /** 32 bytes. */
  readonly publicKey: Uint8Array<ArrayBuffer>;
  /** Signs (RFC 8032): 64 bytes. */
  sign(bytes: Uint8Array): Uint8Array<ArrayBuffer>;
}

/** What stands before a raw public key in DER (RFC 8410). */
const SPKI_HEAD = Uint8Array.from([0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0]);

/** Bytes of a signature. */
export const SIGNATURE_BYTES = 64;

/** A new identity, which nobody had before. */
export function newIdentity(): Identity {
  return identityOf(newKeyPair("ed25519"));
}

/**
 * The identity of a key pair.
 *
 * @throws {TypeError} it is not one of Ed25519
 */
export function identityOf(pair: KeyPair): Identity {
  if (pair.type !== "ed25519") {
    throw new TypeError(
      `Cannot use a key of type ${pair.type} for a node: ids are keys of ed25519; make one with \`sluice keys new\``,
    );
  }
  const publicKey = rawKeyOf(pair);
  return { id: nodeIdOf(publicKey), publicKey, sign: (bytes) => pair.sign(bytes) };
}

/** The id of the node whose key this is; undefined when it can't be a node's. */
export function nodeIdOfKey(key: PublicKey): NodeId | undefined {
  return key.type === "ed25519" ? nodeIdOf(rawKeyOf(key)) : undefined;
}

function rawKeyOf({ spki }: PublicKey): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(spki, "base64").subarray(SPKI_HEAD.byteLength));
}

/** Keys that were used last, the latest at the end: to read one takes a third of the time of a verification. */
const known = new Map<NodeId, KeyObject>();

/** Tells whether the node of this id has signed these bytes. Whatever is wrong with id or signature, it has not. */
export function verifySignature(id: NodeId, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (signature.byteLength !== SIGNATURE_BYTES) return false;
  const key = keyOf(id);
  return key !== undefined && verify(null, bytes, key, signature);
}

function keyOf(id: NodeId): KeyObject | undefined {
  const key = known.get(id) ?? readKey(id);
  if (!key) return undefined;
  known.delete(id);
  known.set(id, key);
  if (known.size > meshLimits.verifyKeys) known.delete(known.keys().next().value!);
  return key;
}

function readKey(id: NodeId): KeyObject | undefined {
  if (!isNodeId(id)) return undefined;
  const raw = publicKeyOf(id);
  if (isSmallOrder(raw)) return undefined;
  try {
    return createPublicKey({ key: Buffer.concat([SPKI_HEAD, raw]), format: "der", type: "spki" });
  } catch {
    return undefined; // not a point of the curve: nobody has the private half
  }
}

/**
 * Points that make anything look signed, without the sign of x, and those that stand for the same ones: the table that
 * libsodium refuses.
 */
const SMALL_ORDER = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);

function isSmallOrder(raw: Uint8Array): boolean {
  const y = Buffer.from(raw);
  y[31] &= 0x7f;
  return SMALL_ORDER.has(y.toString("hex"));
}
