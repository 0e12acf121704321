import { deepEqual, equal, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import { MalformedError } from "../../../src/bytes/byte_reader.ts";
import {
  type Answered,
  type Question,
  readAnswer,
  readQuestion,
  writeAnswer,
  writeQuestion,
} from "../../../src/mesh/discovery/messages.ts";
import { PeerBook } from "../../../src/mesh/discovery/peer.ts";
import { meshLimits } from "../../../src/mesh/limits.ts";
import { BEGIN, idOf, peerOf } from "./made.ts";

const bytes = (length: number, value = 7) => new Uint8Array(length).fill(value);
const peers = Array.from({ length: 16 }, (_, i) => peerOf(i));
const questions: Question[] = [
  { type: "ping" },
  { type: "findNode", place: bytes(32) },
  { type: "findProviders", service: "@acme/resize" },
  { type: "addProvider", record: bytes(300) },
];
const answers: Answered["answer"][] = [
  { type: "unknown" },
  { type: "ping" },
  { type: "findNode", peers },
  { type: "findNode", peers: [] },
  { type: "findProviders", peers: peers.slice(3), records: [bytes(200), bytes(1), bytes(4096)] },
  { type: "addProvider", verdict: "accepted" },
  { type: "addProvider", verdict: "stale", later: bytes(200) },
  { type: "addProvider", verdict: "tooOften" },
];

Deno.test("questions and answers are read as they were written", () => {
  for (const question of questions) deepEqual(readQuestion(writeQuestion(question)), question);
  for (const answer of answers) {
    deepEqual(readAnswer(writeAnswer({ wallMs: BEGIN, answer }), new PeerBook()), { wallMs: BEGIN, answer });
  }
});

Deno.test("a question that is cut off, or has something behind it, is none", () => {
  for (const question of questions) {
    if (question.type === "addProvider") continue; // all of it is the record, which is judged elsewhere
    const whole = writeQuestion(question);
    for (let i = 0; i < whole.length; i++) throws(() => readQuestion(whole.slice(0, i)), MalformedError);
    throws(() => readQuestion(new Uint8Array([...whole, 0])), MalformedError);
  }
  throws(() => readQuestion(bytes(1, 0)), MalformedError);
  throws(() => readQuestion(bytes(1, 5)), MalformedError);
  throws(() => readQuestion(new Uint8Array([3, 3, 0x61, 0x20, 0x62])), MalformedError); // "a b"
});

Deno.test("an answer that is cut off, or has something behind it, is none", () => {
  const book = new PeerBook();
  for (const answer of answers) {
    const whole = writeAnswer({ wallMs: BEGIN, answer });
    for (let i = 0; i < whole.length; i++) throws(() => readAnswer(whole.slice(0, i), book), MalformedError);
    throws(() => readAnswer(new Uint8Array([...whole, 0]), book), MalformedError);
  }
});

Deno.test("garbage is no message, and nothing worse", () => {
  const book = new PeerBook();
  const sound = [...questions.map(writeQuestion), ...answers.map((answer) => writeAnswer({ wallMs: 1, answer }))];
  const garbage = fc.uint8Array({ maxLength: 200 });
  const spoilt = fc.tuple(fc.constantFrom(...sound), fc.nat(1000), garbage)
    .map(([whole, at, more]) => [...whole.subarray(0, at % whole.length), ...more]);
  const isRead = (read: () => unknown) => {
    try {
      read();
    } catch (error) {
      ok(error instanceof MalformedError, String(error));
    }
  };
  fc.assert(
    fc.property(fc.oneof(garbage, spoilt), (some) => {
      isRead(() => readQuestion(new Uint8Array(some)));
      isRead(() => readAnswer(new Uint8Array(some), book));
    }),
    { numRuns: 10_000 },
  );
});

Deno.test("an answer has sixteen nodes at most, and no more bytes of them than there is room for", () => {
  const many = [...peers, ...peers];
  const { answer } = readAnswer(writeAnswer({ wallMs: 0, answer: { type: "findNode", peers: many } }), new PeerBook());
  deepEqual(answer, { type: "findNode", peers });
  const long = peers.map((_, i) => peerOf(i, `ws://a.example/${"p".repeat(480)}`, `ws://b.example/${"p".repeat(480)}`));
  const written = writeAnswer({ wallMs: 0, answer: { type: "findNode", peers: long } });
  ok(written.length <= meshLimits.answerContactsBytes + 20);
  ok(written.length > meshLimits.answerContactsBytes / 2);
  throws(() => readAnswer(bytes(100_000, 2), new PeerBook()), /too long/);
});

Deno.test("a book gives one peer for the same bytes, and keeps no more than it may", () => {
  const book = new PeerBook(10);
  const contact = { id: idOf(1), addresses: ["tcp://10.0.0.1:9000"] };
  const peer = book.peerOf(contact);
  equal(book.peerOf(contact), peer);
  equal(book.peerOf({ ...contact }), peer);
  equal(book.read(new Uint8Array([0, ...peer.bytes, 0]), 1, 1 + peer.bytes.length), peer);
  equal(book.peerOf(peer), peer);
  for (let i = 2; i < 40; i++) book.peerOf({ ...contact, id: idOf(i) });
  ok(book.peerOf({ ...contact }) !== peer);
  const addresses = Array.from({ length: 8 }, (_, i) => `ws://a${i}.example/${"p".repeat(300)}`);
  deepEqual(book.peerOf({ id: idOf(1), addresses }).addresses, addresses.slice(0, 3));
});
