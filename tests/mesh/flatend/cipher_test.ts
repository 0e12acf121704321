/** Key exchange and cipher of flatend, against values that npm flatend 0.0.8 gives. */

import { deepEqual, equal, throws } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { MalformedError } from "../../../src/bytes/byte_reader.ts";
import { Cipher, newExchange, TAG_BYTES } from "../../../src/mesh/flatend/cipher.ts";

function seal(cipher: Cipher, text: string): Uint8Array {
  const message = new TextEncoder().encode(text);
  const frame = new Uint8Array(message.byteLength + TAG_BYTES);
  cipher.seal(message, frame);
  return frame;
}

const open = (cipher: Cipher, frame: Uint8Array) => new TextDecoder().decode(cipher.open(frame));

Deno.test("both sides of an exchange have one key, and read each other in order", () => {
  const [one, other] = [newExchange(), newExchange()];
  const [ours, theirs] = [one.agree(other.publicKey), other.agree(one.publicKey)];
  for (const text of ["", "first", "second"]) equal(open(theirs, seal(ours, text)), text);
  for (const text of ["a", "b"]) equal(open(ours, seal(theirs, text)), text);
});

Deno.test("a frame that comes twice, out of turn or changed is refused", () => {
  const pair = () => [new Cipher(new Uint8Array(32)), new Cipher(new Uint8Array(32))];
  const [sender, receiver] = pair();
  const first = seal(sender, "first");
  equal(open(receiver, first), "first");
  throws(() => open(receiver, first), MalformedError);
  const [late, impatient] = pair();
  seal(late, "first");
  throws(() => open(impatient, seal(late, "second")), MalformedError);
  const changed = seal(pair()[0], "text");
  changed[0] ^= 1;
  throws(() => open(pair()[0], changed), MalformedError);
  throws(() => open(pair()[0], new Uint8Array(TAG_BYTES - 1)), MalformedError);
});

Deno.test("keys that give a secret that all know are refused", () => {
  for (const first of [0, 1]) {
    const key = new Uint8Array(32);
    key[0] = first;
    throws(() => newExchange().agree(key), MalformedError);
  }
});

Deno.test("frames are those of npm flatend", () => {
  const cipher = new Cipher(Uint8Array.from({ length: 32 }, (_, i) => i));
  deepEqual(["one", "two"].map((text) => Buffer.from(seal(cipher, text)).toString("hex")), [
    "61d2d084614a45f55c0db9cda896e7b072c055",
    "457c0b7ec4afa9761c57b77b4f586c5d8d710c",
  ]);
});
