/** Identities that are the same each time: who is near whom decides what a simulation does. */

import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import type { Identity } from "../../../src/mesh/identity.ts";
import { nodeIdOf, PUBLIC_KEY_BYTES } from "../../../src/mesh/node_id.ts";

/** What stands before a raw private key in PKCS #8 (RFC 8410 §7). */
const HEAD = Buffer.from("302e020100300506032b657004220420", "hex");

/** The identity whose private key are the next numbers. @param random gives them, from 0 up to 1 */
export function seededIdentity(random: () => number): Identity {
  const seed = Uint8Array.from({ length: PUBLIC_KEY_BYTES }, () => Math.floor(256 * random()));
  const key = createPrivateKey({ key: Buffer.concat([HEAD, seed]), format: "der", type: "pkcs8" });
  const spki = createPublicKey(key).export({ type: "spki", format: "der" });
  const publicKey = new Uint8Array(spki.subarray(-PUBLIC_KEY_BYTES));
  return { id: nodeIdOf(publicKey), publicKey, sign: (bytes) => new Uint8Array(sign(null, bytes, key)) };
}
