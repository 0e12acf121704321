/** Who a node is, and what it has signed. */

import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { identityOf, newIdentity, SIGNATURE_BYTES, verifySignature } from "../../src/mesh/identity.ts";
import { meshLimits } from "../../src/mesh/limits.ts";
import { nodeIdOf, publicKeyOf } from "../../src/mesh/node_id.ts";
import { keyPairFromPem, newKeyPair } from "../../src/net/keys.ts";

const bytes = new TextEncoder().encode("what is signed");

/** RFC 8032 §7.1, test 3: the secret key in DER, and the public one. */
const SECRET = "302e020100300506032b657004220420c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7";
const PUBLIC = "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025";
const SIGNATURE =
  "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a";

Deno.test("an identity is the public half of its key, and signs as RFC 8032 says", () => {
  const pem = `-----BEGIN PRIVATE KEY-----\n${Uint8Array.fromHex(SECRET).toBase64()}\n-----END PRIVATE KEY-----\n`;
  const identity = identityOf(keyPairFromPem(pem));
  equal(identity.publicKey.toHex(), PUBLIC);
  equal(identity.id, nodeIdOf(identity.publicKey));
  const signature = identity.sign(Uint8Array.fromHex("af82"));
  equal(signature.toHex(), SIGNATURE);
  equal(signature.byteLength, SIGNATURE_BYTES);
  ok(verifySignature(identity.id, Uint8Array.fromHex("af82"), signature));
});

Deno.test("a signature holds for its bytes and its id alone", () => {
  const [identity, other] = [newIdentity(), newIdentity()];
  const signature = identity.sign(bytes);
  for (let round = 0; round < 2; round++) {
    ok(verifySignature(identity.id, bytes, signature));
    equal(verifySignature(other.id, bytes, signature), false);
    equal(verifySignature(identity.id, bytes.subarray(1), signature), false);
    equal(verifySignature(identity.id, bytes, other.sign(bytes)), false);
  }
});

Deno.test("what is no id or no signature has signed nothing", () => {
  const identity = newIdentity();
  const signature = identity.sign(bytes);
  for (
    const wrong of [new Uint8Array(0), new Uint8Array(64), signature.subarray(1), new Uint8Array([...signature, 0])]
  ) {
    equal(verifySignature(identity.id, bytes, wrong), false);
  }
  for (const id of ["", "x", identity.id.toUpperCase(), identity.id + "a", nodeIdOf(new Uint8Array(32).fill(2))]) {
    equal(verifySignature(id, bytes, signature), false);
  }
});

Deno.test("keys for which everybody can sign are nobody's", () => {
  const forged = new Uint8Array(64);
  forged[0] = 1; // R is the neutral point, s is 0: right for each message, were the key the neutral point
  for (const sign of [0, 0x80]) {
    const neutral = new Uint8Array(32);
    neutral[0] = 1;
    neutral[31] |= sign;
    equal(verifySignature(nodeIdOf(neutral), bytes, forged), false);
  }
  equal(verifySignature(nodeIdOf(new Uint8Array(32)), bytes, forged), false);
});

Deno.test("an RSA key is refused with what to do instead", () => {
  throws(() => identityOf(newKeyPair("rsa")), /Cannot use a key of type rsa .*sluice keys new/);
});

Deno.test("signatures are judged rightly however many keys come by", () => {
  const many = Array.from({ length: 300 }, newIdentity);
  const signatures = many.map(({ sign }) => sign(bytes));
  for (let round = 0; round < 2; round++) {
    deepEqual(many.filter(({ id }, i) => !verifySignature(id, bytes, signatures[i])), []);
    deepEqual(many.filter(({ id }, i) => verifySignature(id, bytes, signatures[(i + 1) % many.length])), []);
  }
  ok(meshLimits.verifyKeys >= many.length);
  for (const { id, publicKey } of many) deepEqual(publicKeyOf(id), publicKey);
});
