import { deepEqual, equal, ok } from "node:assert/strict";
import { createDecipheriv } from "node:crypto";
import fc from "fast-check";
import { CipherState, rekey } from "../../../src/mesh/noise/cipher_state.ts";
import { TAG_BYTES } from "../../../src/mesh/noise/cipher_state.ts";
import { LENGTH_BYTES, Opener, Sealer } from "../../../src/mesh/session/seal.ts";
import { type Bytes, cutShort, newKeys, patterned } from "../../support/mesh/session_pair.ts";
import { until } from "../../support/within.ts";

const SHORT = 100;
const LONG = 20_000;
const fails = (error: unknown) => {
  throw error;
};

/**
 * Messages as they are sent, without their lengths. They are all changed as soon as they are sealed: the first while other
 * threads have no key yet, the rest when they have.
 */
async function seal(key: Bytes, nonce: number, plains: readonly Bytes[]): Promise<Bytes[]> {
  const messages: Bytes[] = [];
  const sealer = new Sealer({ key, nonce }, (message) => messages.push(message.slice(LENGTH_BYTES)), fails);
  for (const [i, plain] of plains.entries()) {
    const scratch = plain.slice();
    sealer.seal(scratch);
    scratch.fill(0xee);
    if (i === 0) await until("the first message is sealed", () => sealer.isIdle);
  }
  await until("all messages are sealed", () => sealer.isIdle);
  equal(messages.length, plains.length);
  return messages;
}

/** What comes of messages, each of which is changed as soon as it is taken; undefined behind it where one is none. */
async function open(key: Bytes, nonce: number, messages: readonly Bytes[]): Promise<(Bytes | undefined)[]> {
  const plains: (Bytes | undefined)[] = [];
  let failed = false;
  const fail = () => {
    if (!failed) plains.push(undefined);
    failed = true;
  };
  const opener = new Opener({ key, nonce }, (plain) => failed || plains.push(plain), fail);
  for (const [i, message] of messages.entries()) {
    if (failed) break;
    const scratch = message.slice();
    opener.open(scratch);
    scratch.fill(0xee);
    if (i === 0) await until("the first message is opened", () => failed || opener.waiting === 0);
  }
  await until("all messages are opened", () => failed || opener.waiting === 0);
  return plains;
}

const newKey = () => newKeys().send.key!;
const lengths = (...all: number[]) => all.map((length, seed) => patterned(length, seed));

for (const [name, length] of [["short", SHORT], ["long", LONG]] as const) {
  Deno.test(`${name} messages are those of Noise, and hold what they held when they were given`, async () => {
    const key = newKey();
    const plains = lengths(length, length, length, length);
    const messages = await seal(key, 0, plains);
    const cipher = new CipherState(key);
    messages.forEach((message, i) => deepEqual(message, cipher.encrypt(plains[i])));
    deepEqual(await open(key, 0, messages), plains);
  });

  Deno.test(`the key of ${name} messages changes with each 65,536th`, async () => {
    const key = newKey();
    const start = 65_534;
    const plains = lengths(length, length, length, length);
    const messages = await seal(key, start, plains);
    const keys = [key, key, rekey(key), rekey(key)];
    messages.forEach((message, i) => deepEqual(openPlainly(keys[i], start + i, message), plains[i]));
    deepEqual(await open(key, start, messages), plains);
  });

  Deno.test(`${name} messages have numbers beyond 2^32`, async () => {
    const key = newKey();
    const [message] = await seal(key, 2 ** 32 + 5, lengths(length));
    deepEqual(openPlainly(key, 2 ** 32 + 5, message), patterned(length));
  });

  Deno.test(`${name} messages are none when anything is done to them`, cutShort, async () => {
    const key = newKey();
    const plains = lengths(length, length, length);
    const [first, second, third] = await seal(key, 0, plains);
    const other = await seal(newKey(), 0, plains);
    const cases: [string, Bytes[]][] = [
      ["repeated", [first, first]],
      ["left out", [first, third]],
      ["in another order", [first, third, second]],
      ["from another session", [first, other[1]]],
      ["one more than was sent", [first, second, third, third]],
      ["without a tag", [first, second.subarray(0, TAG_BYTES - 1)]],
      ["empty", [first, new Uint8Array(0)]],
      ["cut", [first, second.subarray(0, -1)]],
      ["longer", [first, new Uint8Array([...second, 0])]],
    ];
    for (const [what, messages] of cases) {
      const got = await open(key, 0, messages);
      equal(got.at(-1), undefined, what);
      deepEqual(got.slice(0, -1), plains.slice(0, got.length - 1), what);
    }
  });
}

Deno.test("a bit that is changed anywhere ends what is given on, and nothing wrong is given", cutShort, async () => {
  const key = newKey();
  const plains = lengths(SHORT, LONG, SHORT, LONG, SHORT);
  const messages = await seal(key, 0, plains);
  await fc.assert(
    fc.asyncProperty(fc.nat(4), fc.nat(), fc.nat(7), async (which, place, bit) => {
      const changed = messages.map((message) => message.slice());
      changed[which][place % changed[which].byteLength] ^= 1 << bit;
      const got = await open(key, 0, changed);
      equal(got.at(-1), undefined);
      deepEqual(got.slice(0, -1), plains.slice(0, got.length - 1));
      ok(got.length - 1 <= which);
    }),
    { numRuns: 60 },
  );
});

Deno.test("short and long messages keep their order, wherever they are sealed", async () => {
  const key = newKey();
  const anyLength = fc.oneof(
    fc.nat(300),
    fc.integer({ min: 8100, max: 8300 }),
    fc.integer({ min: 30_000, max: 65_519 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(anyLength, { maxLength: 30 }), async (all) => {
      const plains = lengths(...all);
      deepEqual(await open(key, 0, await seal(key, 0, plains)), plains);
    }),
    { numRuns: 30 },
  );
});

Deno.test("many messages across a change of keys open, short and long in turn", async () => {
  const key = newKey();
  const start = 65_536 - 100;
  const plains = lengths(...Array.from({ length: 200 }, (_, i) => i % 3 === 0 ? 9000 : 50));
  deepEqual(await open(key, start, await seal(key, start, plains)), plains);
});

Deno.test("without a key, messages pass as they are", () => {
  const got: Bytes[] = [];
  const opener = new Opener({ key: undefined, nonce: 0 }, (plain) => got.push(plain), fails);
  const sealer = new Sealer({ key: undefined, nonce: 0 }, (message) => {
    opener.open(message.subarray(LENGTH_BYTES));
    message.fill(0xee);
  }, fails);
  for (const plain of lengths(SHORT, LONG)) sealer.seal(plain);
  deepEqual(got, lengths(SHORT, LONG));
});

function openPlainly(key: Bytes, number: number, message: Bytes): Bytes {
  const iv = new Uint8Array(12);
  new DataView(iv.buffer).setBigUint64(4, BigInt(number));
  const decipher = createDecipheriv("aes-256-gcm", key, iv);
  decipher.setAuthTag(message.subarray(-TAG_BYTES));
  const plain = new Uint8Array(decipher.update(message.subarray(0, -TAG_BYTES)));
  decipher.final();
  return plain;
}
