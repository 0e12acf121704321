/** Known answers of other implementations of Noise: every byte of every message, in the handshake and behind it. */

import { equal, ok } from "node:assert/strict";
import { CipherState } from "../../../src/mesh/noise/cipher_state.ts";
import { Handshake } from "../../../src/mesh/noise/handshake.ts";
import type { PatternName } from "../../../src/mesh/noise/patterns.ts";
import { keyPairX25519From } from "../../../src/mesh/noise/x25519.ts";
import cacophony from "./vectors/cacophony.json" with { type: "json" };
import flynn from "./vectors/flynn.json" with { type: "json" };

/** A vector in the form of cacophony's files; bytes are hexadecimal. */
interface Vector {
  readonly protocol_name: string;
  readonly init_prologue: string;
  readonly init_psks?: readonly string[];
  readonly init_static?: string;
  readonly init_ephemeral: string;
  readonly resp_prologue: string;
  readonly resp_psks?: readonly string[];
  readonly resp_static?: string;
  readonly resp_ephemeral: string;
  readonly handshake_hash?: string;
  readonly messages: readonly { readonly payload: string; readonly ciphertext: string }[];
}

const files: { readonly source: string; readonly vectors: readonly Vector[] }[] = [cacophony, flynn];

const patternOf = ({ protocol_name }: Vector) => protocol_name.split("_")[1] as PatternName;
const keyFrom = (hex: string | undefined) => hex === undefined ? undefined : keyPairX25519From(Uint8Array.fromHex(hex));

function sidesOf(vector: Vector): [Handshake, Handshake] {
  const pattern = patternOf(vector);
  const psk = (hex: string | undefined) => hex === undefined ? undefined : Uint8Array.fromHex(hex);
  const initiator = new Handshake({
    pattern,
    initiator: true,
    prologue: Uint8Array.fromHex(vector.init_prologue),
    staticKey: keyFrom(vector.init_static),
    ephemeral: keyFrom(vector.init_ephemeral),
    psk: psk(vector.init_psks?.[0]),
  });
  const responder = new Handshake({
    pattern,
    initiator: false,
    prologue: Uint8Array.fromHex(vector.resp_prologue),
    staticKey: keyFrom(vector.resp_static),
    ephemeral: keyFrom(vector.resp_ephemeral),
    psk: psk(vector.resp_psks?.[0]),
  });
  return [initiator, responder];
}

/** Runs a vector from its first message to its last. */
function run(vector: Vector): void {
  const sides = sidesOf(vector);
  let at = 0;
  for (; !sides[0].isDone; at++) {
    const { payload, ciphertext } = vector.messages[at];
    const message = sides[at % 2].writeMessage(Uint8Array.fromHex(payload));
    equal(message.toHex(), ciphertext, `message ${at}`);
    equal(sides[1 - at % 2].readMessage(message).toHex(), payload);
  }
  ok(sides[1].isDone);
  for (const side of sides) if (vector.handshake_hash) equal(side.hash.toHex(), vector.handshake_hash);
  for (const [i, hex] of [vector.resp_static, vector.init_static].entries()) {
    equal(sides[i].remoteStatic?.toHex(), keyFrom(hex)?.publicKey.toHex());
  }
  const keys = sides.map((side) => side.split());
  const senders = keys.map(({ sendKey }) => new CipherState(sendKey));
  const receivers = keys.map(({ receiveKey }) => new CipherState(receiveKey));
  for (; at < vector.messages.length; at++) {
    const { payload, ciphertext } = vector.messages[at];
    const from = at % 2;
    const message = senders[from].encrypt(Uint8Array.fromHex(payload));
    equal(message.toHex(), ciphertext, `message ${at}`);
    equal(receivers[1 - from].decrypt(message).toHex(), payload);
  }
}

for (const { source, vectors } of files) {
  const repository = source.split(",")[0];
  for (const pattern of new Set(vectors.map(patternOf))) {
    Deno.test(`${pattern} gives the known answers of ${repository}`, () => {
      for (const vector of vectors.filter((vector) => patternOf(vector) === pattern)) run(vector);
    });
  }
}

Deno.test("the vectors hold every place of a network key", () => {
  const patterns = new Set(files.flatMap(({ vectors }) => vectors.map(patternOf)));
  for (const pattern of ["XX", "XXpsk0", "XXpsk1", "XXpsk2", "XXpsk3"] as const) ok(patterns.has(pattern), pattern);
});
