/** Signatures over messages, and messages in parts. */

import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { limits } from "../../../src/limits.ts";
import { newKeyPair } from "../../../src/net/keys.ts";
import type { PeerMessage, Row } from "../../../src/registry/federation/row.ts";
import type { RegistryError } from "../../../src/registry/registry_error.ts";
import { Joiner, split } from "../../../src/registry/wire/parts.ts";
import { parseFrame, readPeerMessage } from "../../../src/registry/wire/read_message.ts";
import { clockOf, helloText, Opener, Sealer, signText, verifyText } from "../../../src/registry/wire/seal.ts";

const hasCode = (code: string) => (error: unknown) => (error as RegistryError).code === code;

Deno.test("what is sealed is opened once, in order, on its own connection and at its time", () => {
  const key = newKeyPair();
  let now = 1000;
  const sealer = new Sealer(key, "challenge", () => now);
  const opener = new Opener(key, "challenge", () => now);
  const [first, second] = [sealer.seal({ type: "a" }), sealer.seal({ type: "b" })];
  equal(opener.open({ ...second }).type, "b");
  throws(() => opener.open({ ...second }), hasCode("replay"));
  throws(() => opener.open({ ...first }), hasCode("replay"));
  throws(() => new Opener(key, "other", () => now).open({ ...first }), hasCode("replay"));
  throws(() => new Opener(newKeyPair(), "challenge", () => now).open({ ...first }), hasCode("signature"));
  for (const broken of [{}, { body: "{}" }, { body: "{}", signature: "====" }, { body: 1, signature: 1 }]) {
    throws(() => opener.open({ type: "sealed", ...broken }), hasCode("signature"));
  }
  for (const body of ["no JSON", "null", "[]", "1"]) {
    const signature = signText(key, `sluice registry 1\n${body}`);
    throws(() => opener.open({ type: "sealed", body, signature }), hasCode("protocol"), body);
  }
  now += limits.registrySkewMs + 1;
  throws(() => new Opener(key, "challenge", () => now).open({ ...first }), hasCode("clock"));
});

Deno.test("a signature of a hello holds for one hub, one challenge, one kind and one connection", () => {
  const key = newKeyPair();
  const hello = { kind: "client", incarnation: 1 } as const;
  const signature = signText(key, helloText("hub", "challenge", hello));
  ok(verifyText(key, helloText("hub", "challenge", hello), signature));
  for (
    const other of [
      helloText("hub2", "challenge", hello),
      helloText("hub", "challenge2", hello),
      helloText("hub", "challenge", { ...hello, kind: "hub" }),
      helloText("hub", "challenge", { ...hello, incarnation: 2 }),
    ]
  ) {
    equal(verifyText(key, other, signature), false);
  }
  equal(verifyText(key, helloText("hub", "challenge", hello), undefined), false);
});

Deno.test("the other side's clock goes on from what it said", () => {
  let now = 5000;
  const theirs = clockOf(9000, () => now);
  now += 250;
  equal(theirs(), 9250);
});

function rows(count: number, chars: number): Row[] {
  return Array.from({ length: count }, (_, i) => ({
    service: { id: `s${i}`, role: "web", host: "h", port: 1, x: "ü".repeat(chars) },
    owner: "owner",
    incarnation: i,
  }));
}

Deno.test("what hubs say is the same after it was split, sent and joined, and every part fits a frame", () => {
  const all = rows(500, 5000);
  const messages: PeerMessage[] = [
    { type: "have", origins: [{ hub: "h", start: 1, counter: 2, beat: 3 }] },
    { type: "want", hub: "h", start: 1, after: -1 },
    { type: "full", hub: "h", start: 1, counter: 2, beat: 3, rows: [] },
    { type: "full", hub: "h", start: 1, counter: 2, beat: 3, rows: all },
  ];
  const joiner = new Joiner();
  for (const message of messages) {
    let joined: PeerMessage | undefined;
    let count = 0;
    for (const part of split(message)) {
      equal(joined, undefined);
      const text = JSON.stringify(part);
      ok(new TextEncoder().encode(JSON.stringify({ body: text })).length < limits.registryFrameBytes);
      const [heard] = parseFrame(text);
      joined = joiner.join(readPeerMessage(heard), heard.more === true);
      count++;
    }
    deepEqual(joined, message);
    equal(count > 1, message.type === "full" && message.rows.length > 0);
  }
});

Deno.test("a delta that is split is several, each of which follows the one before", () => {
  const changes = rows(300, 2000).map((row) => ({ id: row.service.id, row }));
  const parts = [...split({ type: "delta", hub: "h", start: 1, after: 7, changes })];
  ok(parts.length > 1);
  let after = 7;
  for (const part of parts) {
    ok(part.type === "delta");
    equal(part.after, after);
    after += part.changes.length;
  }
  equal(after, 307);
});

Deno.test("words of hubs that are no words are refused", () => {
  const standing = { hub: "h", start: 1, counter: 1, beat: 1 };
  const row = rows(1, 1)[0];
  for (
    const message of [
      { type: "have" },
      { type: "have", origins: [{ ...standing, beat: -1 }] },
      { type: "have", origins: [{ ...standing, hub: "" }] },
      { type: "have", origins: new Array(limits.registryHubs + 1).fill(standing) },
      { type: "want", hub: "h", start: 1 },
      { type: "delta", hub: "h", start: 1, after: 0, changes: [{}] },
      { type: "delta", hub: "h", start: 1, after: 0, changes: [{ id: "other", row }] },
      { type: "full", ...standing, rows: [{ ...row, owner: 1 }] },
      { type: "full", ...standing, rows: [{ ...row, service: { ...row.service, port: 0 } }] },
      { type: "full", ...standing },
      { type: "nothing" },
    ]
  ) {
    throws(() => readPeerMessage(message), hasCode("protocol"), JSON.stringify(message).slice(0, 80));
  }
});
