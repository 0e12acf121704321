/** What a handshake refuses, and what it forgets. */

import { deepEqual, doesNotThrow, equal, ok, throws } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createCipheriv } from "node:crypto";
import { blake2b } from "@noble/hashes/blake2.js";
import { hmac } from "@noble/hashes/hmac.js";
import fc from "fast-check";
import { hash, hkdf } from "../../../src/mesh/noise/blake2b.ts";
import { CipherState, rekey } from "../../../src/mesh/noise/cipher_state.ts";
import { Handshake, type HandshakeOptions } from "../../../src/mesh/noise/handshake.ts";
import { NoiseError } from "../../../src/mesh/noise/noise_error.ts";
import { messagesOf, type PatternName } from "../../../src/mesh/noise/patterns.ts";
import { agree, newKeyPairX25519 } from "../../../src/mesh/noise/x25519.ts";

const nothing = new Uint8Array(0);
const dead = /handshake that is failed/;

function sides(options: Partial<HandshakeOptions> = {}): [Handshake, Handshake] {
  const [a, b] = [true, false].map((initiator) =>
    new Handshake({ pattern: "XX", initiator, prologue: nothing, staticKey: newKeyPairX25519(), ...options })
  );
  return [a, b];
}

Deno.test("a handshake whose message was changed is dead on the side that read it", () => {
  for (const psk of [undefined, new Uint8Array(32).fill(7)]) {
    const [a, b] = sides(psk ? { pattern: "XXpsk0", psk } : {});
    b.readMessage(a.writeMessage(nothing));
    const message = b.writeMessage(nothing);
    message[40] ^= 1;
    throws(() => a.readMessage(message), NoiseError);
    message[40] ^= 1;
    throws(() => a.readMessage(message), dead);
    throws(() => a.writeMessage(nothing), dead);
    throws(() => a.split(), dead);
    throws(() => a.hash, dead);
    equal(a.isDone, false);
  }
});

Deno.test("a handshake that is used out of turn is dead", () => {
  const [a, b] = sides();
  throws(() => b.writeMessage(nothing), /other side's turn/);
  throws(() => b.readMessage(a.writeMessage(nothing)), dead);
  throws(() => a.writeMessage(nothing), /other side's turn/);
});

Deno.test("keys for what follows are given once, when all messages are over", () => {
  const [a, b] = sides();
  throws(() => a.split(), /handshake that is going/);
  b.readMessage(a.writeMessage(nothing));
  a.readMessage(b.writeMessage(nothing));
  b.readMessage(a.writeMessage(nothing));
  const [ours, theirs] = [a.split(), b.split()];
  deepEqual(ours.sendKey, theirs.receiveKey);
  deepEqual(ours.receiveKey, theirs.sendKey);
  throws(() => a.split(), /handshake that is split/);
  throws(() => a.writeMessage(nothing), /handshake that is split/);
  deepEqual(a.hash, b.hash);
});

Deno.test("messages longer than 65,535 bytes are neither written nor read", () => {
  const [a, b] = sides();
  equal(a.writeMessage(new Uint8Array(65_535 - 32)).byteLength, 65_535);
  throws(() => b.readMessage(new Uint8Array(65_536)), NoiseError);
  throws(() => sides()[0].writeMessage(new Uint8Array(65_536 - 32)), RangeError);
  throws(() => new CipherState(new Uint8Array(32)).encrypt(new Uint8Array(65_520)), RangeError);
});

Deno.test("public keys with which everybody knows what was agreed on are refused", () => {
  const pair = newKeyPairX25519();
  const one = new Uint8Array(32);
  one[0] = 1;
  const order8 = Uint8Array.fromHex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800");
  const minusOne = Uint8Array.fromHex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
  for (const key of [new Uint8Array(32), one, order8, minusOne]) throws(() => agree(pair, key), NoiseError);
  doesNotThrow(() => agree(pair, newKeyPairX25519().publicKey));
  const [, b] = sides();
  b.readMessage(new Uint8Array(32));
  throws(() => b.writeMessage(nothing), NoiseError);
  throws(() => b.writeMessage(nothing), dead);
});

Deno.test("a message shorter than its keys or its tag is refused", () => {
  throws(() => sides()[1].readMessage(new Uint8Array(31)), NoiseError);
  throws(() => new CipherState(new Uint8Array(32)).decrypt(new Uint8Array(15)), NoiseError);
});

Deno.test("a pattern gets what it needs and no more", () => {
  const base = { initiator: true, prologue: nothing };
  throws(() => new Handshake({ ...base, pattern: "XX" }), /needs a static key/);
  throws(() => new Handshake({ ...base, pattern: "NNpsk0" }), /needs a key of 32 bytes/);
  throws(() => new Handshake({ ...base, pattern: "NNpsk0", psk: new Uint8Array(31) }), /needs a key of 32 bytes/);
  throws(() => new Handshake({ ...base, pattern: "NN", psk: new Uint8Array(32) }), /needs no key/);
  throws(() => new Handshake({ ...base, pattern: "NNpsk3" }), RangeError);
  throws(() => messagesOf("QQ" as PatternName), RangeError);
});

Deno.test("a handshake changes no key that it was given, and shows none", () => {
  const psk = Buffer.alloc(32, 0x5a);
  const [a, b] = sides({ pattern: "XXpsk0", psk });
  b.readMessage(a.writeMessage(nothing));
  throws(() => a.readMessage(new Uint8Array(200)));
  ok(psk.every((byte) => byte === 0x5a));
  equal(/5a5a|90, ?90/.test(Deno.inspect(b, { depth: 9, showHidden: true }) + JSON.stringify(b)), false);
});

Deno.test("what can't be decrypted has no number, and what can is not decrypted twice", () => {
  const key = crypto.getRandomValues(new Uint8Array(32));
  const [sender, receiver] = [new CipherState(key), new CipherState(key)];
  const [first, second] = [sender.encrypt(Uint8Array.of(1)), sender.encrypt(Uint8Array.of(2))];
  throws(() => receiver.decrypt(second), NoiseError);
  deepEqual(receiver.decrypt(first), Uint8Array.of(1));
  throws(() => receiver.decrypt(first), NoiseError);
  deepEqual(receiver.decrypt(second), Uint8Array.of(2));
});

Deno.test("a new key is the old one's encryption of zeros with the last number", () => {
  const key = crypto.getRandomValues(new Uint8Array(32));
  const cipher = createCipheriv("aes-256-gcm", key, Uint8Array.fromHex("00000000ffffffffffffffff"));
  const zeros = new Uint8Array(cipher.update(new Uint8Array(32)));
  cipher.final();
  deepEqual(rekey(key), zeros);
});

Deno.test("the hash is that of RFC 7693, and the key derivation one over HMAC", () => {
  const abc =
    "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923";
  equal(hash(new TextEncoder().encode("a"), new TextEncoder().encode("bc")).toHex(), abc);
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  fc.assert(fc.property(bytes(64), fc.oneof(bytes(32), bytes(0)), (chainingKey, input) => {
    const key = hmac(blake2b, chainingKey, input);
    const first = hmac(blake2b, key, Uint8Array.of(1));
    const second = hmac(blake2b, key, Uint8Array.of(...first, 2));
    const third = hmac(blake2b, key, Uint8Array.of(...second, 3));
    deepEqual(hkdf(chainingKey, input, 3), [first, second, third]);
    deepEqual(hkdf(chainingKey, input, 2), [first, second]);
  }));
});
