import { Buffer } from "node:buffer";
import { deepEqual, equal, match, notEqual, ok, throws } from "node:assert/strict";
import { createHash, generateKeyPairSync } from "node:crypto";
import { type KeyPair, keyPairFromPem, type KeyType, newKeyPair, publicKeyFrom } from "../../src/net/keys.ts";

const encoder = new TextEncoder();
const pairs: Readonly<Record<KeyType, KeyPair>> = { ed25519: newKeyPair("ed25519"), rsa: newKeyPair("rsa") };

/** A key pair of Ed25519 from its 32 secret bytes, in hexadecimal. */
function fromSeed(hex: string): KeyPair {
  const pkcs8 = Buffer.from("302e020100300506032b657004220420" + hex, "hex").toString("base64");
  return keyPairFromPem(`-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`);
}

/** The public key of a type of key that can't be used. */
function spkiOf(key: { export(options: { type: "spki"; format: "der" }): Buffer }): string {
  return key.export({ type: "spki", format: "der" }).toString("base64");
}

Deno.test("Ed25519 signs and verifies as the vectors of RFC 8032 section 7.1 say", () => {
  const vectors = [
    [
      "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
      "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24" +
      "655141438e7a100b",
    ],
    [
      "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
      "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aee" +
      "b00d291612bb0c00",
    ],
    [
      "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
      "af82",
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28d" +
      "c027beceea1ec40a",
    ],
  ];
  for (const [secret, open, message, signature] of vectors) {
    const pair = fromSeed(secret);
    const data = Buffer.from(message, "hex");
    equal(Buffer.from(pair.spki, "base64").toString("hex"), "302a300506032b6570032100" + open);
    equal(Buffer.from(pair.sign(data)).toString("hex"), signature);
    ok(publicKeyFrom(pair.spki).verify(data, Buffer.from(signature, "hex")));
  }
});

Deno.test("an id is the first 132 bits of the hash of the key, in base64url", () => {
  for (const { id, spki } of Object.values(pairs)) {
    match(id, /^[A-Za-z0-9_-]{22}$/);
    ok(createHash("sha256").update(spki, "base64").digest("base64url").startsWith(id));
    equal(publicKeyFrom(spki).id, id);
  }
  equal(
    fromSeed("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").id,
    "BuP9j9opu2CrWVV95h7bCu",
  );
});

Deno.test("WebCrypto accepts what an RSA key has signed", async () => {
  const { spki, sign } = { spki: pairs.rsa.spki, sign: (text: string) => pairs.rsa.sign(text) };
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("spki", Buffer.from(spki, "base64"), algorithm, false, ["verify"]);
  ok(await crypto.subtle.verify(algorithm, key, sign("grüße"), encoder.encode("grüße")));
});

for (const [type, pair] of Object.entries(pairs)) {
  Deno.test(`${type}: a signature holds for these data and this key alone`, () => {
    const signature = pair.sign("text");
    const open = publicKeyFrom(pair.spki);
    equal(open.type, type);
    ok(open.verify("text", signature) && open.verify(encoder.encode("text"), signature));
    equal(open.verify("texts", signature), false);
    equal(newKeyPair("ed25519").verify("text", signature), false);
    for (const at of [0, signature.length - 1]) {
      equal(open.verify("text", signature.map((byte, i) => i === at ? byte ^ 1 : byte)), false);
    }
  });

  Deno.test(`${type}: a signature of a wrong length is false and not an error`, () => {
    const signature = pair.sign("text");
    for (const length of [0, 1, 63, 65, signature.length - 1, signature.length + 1, 100_000]) {
      const wrong = new Uint8Array(length);
      wrong.set(signature.subarray(0, length));
      if (length !== signature.length) equal(pair.verify("text", wrong), false, `${length} bytes`);
    }
  });

  Deno.test(`${type}: a pair survives its PEM, and a printed one shows nothing private`, () => {
    const pem = pair.toPrivatePem();
    match(pem, /^-----BEGIN PRIVATE KEY-----\n/);
    const again = keyPairFromPem(pem);
    deepEqual([again.id, again.spki, again.publicPem], [pair.id, pair.spki, pair.publicPem]);
    ok(pair.verify("text", again.sign("text")));
    const shown = Deno.inspect(pair, { showHidden: true, depth: 9 }) + JSON.stringify(pair) + String(pair);
    for (const line of pem.split("\n").slice(1, -2)) ok(!shown.includes(line.slice(0, 40)), "the private key is shown");
  });
}

Deno.test("two keys that are made have two ids", () => {
  notEqual(newKeyPair().id, newKeyPair().id);
});

Deno.test("a key of an unknown type is not made", () => {
  throws(() => newKeyPair("dsa" as KeyType), { name: "TypeError", message: /"dsa": known are ed25519 and rsa/ });
});

Deno.test("a public key from the network is refused with the reason unless all is right", () => {
  const { spki } = pairs.ed25519;
  const der = Buffer.from(spki, "base64");
  const even = Buffer.from(pairs.rsa.spki, "base64");
  even[even.length - 1] = 0;
  const wrong: [spki: unknown, message: RegExp][] = [
    [undefined, /is a text/],
    [42, /is a text/],
    ["", /is base64/],
    ["not a key", /is base64/],
    [spki.replaceAll("=", "") + "\n", /is base64/],
    ["A".repeat(100_000), /no more than 1024 characters/],
    ["AAAA", /damaged, or neither of Ed25519 nor of RSA with 2048 to 4096 bits/],
    [der.subarray(0, 40).toString("base64"), /damaged/],
    [Buffer.concat([der, Buffer.of(0)]).toString("base64"), /damaged/],
    [spki.slice(0, -1), /in the one way/],
    [
      spkiOf(generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey),
      /type ec is of no use here: known are ed25519 and rsa/,
    ],
    [spkiOf(generateKeyPairSync("x25519").publicKey), /type x25519/],
    [
      spkiOf(generateKeyPairSync("rsa", { modulusLength: 1072 }).publicKey),
      /1072 bits can be factored: 2048 to 4096 are needed; make a new one with `sluice keys new`/,
    ],
    [even.toString("base64"), /damaged/],
  ];
  for (const [value, message] of wrong) {
    throws(() => publicKeyFrom(value as string), { name: "TypeError", message }, String(value));
  }
});

Deno.test("one key has one way to be written, so that it has one id", () => {
  const { spki } = pairs.ed25519;
  // The last letter before the padding has bits that mean nothing.
  const last = spki.at(-2)!;
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const other = alphabet[alphabet.indexOf(last) ^ 1];
  throws(() => publicKeyFrom(spki.slice(0, -2) + other + "="), {
    name: "TypeError",
    message: /in the one way that DER and base64 allow/,
  });
});
