import { deepEqual, equal, rejects } from "node:assert/strict";
import { meshLimits } from "../../../src/mesh/limits.ts";
import { MeshError, type MeshErrorCode } from "../../../src/mesh/mesh_error.ts";
import { settle } from "../../support/mesh/manual_clock.ts";
import { type Bytes, noKeys, patterned, sessionPair } from "../../support/mesh/session_pair.ts";

const isFor = (code: MeshErrorCode) => (error: unknown) => error instanceof MeshError && error.code === code;
const some = Uint8Array.of(1, 2, 3);

Deno.test("questions are answered, each with its own answer, in whatever order these come", async () => {
  const { a, b } = sessionPair();
  const later: (() => void)[] = [];
  b.onAsk = (question) =>
    question[0] % 2 ? question : new Promise<Bytes>((resolve) => later.unshift(() => resolve(question)));
  const answers = Array.from({ length: 100 }, (_, i) => a.session.ask(Uint8Array.of(i)));
  await settle();
  for (const answer of later) answer();
  deepEqual((await Promise.all(answers)).map(([i]) => i), Array.from({ length: 100 }, (_, i) => i));
  equal(a.session.load + b.session.load, 0);
});

Deno.test("both sides ask, and the longest answers come whole", async () => {
  const { a, b } = sessionPair();
  const longest = patterned(meshLimits.headBytes);
  deepEqual(await Promise.all([a.session.ask(longest), b.session.ask(longest)]), [longest, longest]);
  deepEqual(await a.session.ask(new Uint8Array(0)), new Uint8Array(0));
});

Deno.test("what can't be answered is refused, and why stays here", async () => {
  const { a, b } = sessionPair();
  for (
    const answer of [
      () => {
        throw new Error("a secret");
      },
      () => Promise.reject(new Error("a secret")),
      () => new Uint8Array(meshLimits.headBytes + 1),
    ]
  ) {
    b.onAsk = answer;
    await rejects(a.session.ask(some), (error) => isFor("refused")(error) && !String(error).includes("secret"));
  }
  equal(b.session.load, 0);
});

Deno.test("a question that is not answered in time fails, and its late answer is dropped", async () => {
  const { a, b, clock } = sessionPair();
  let answer: (answer: Bytes) => void = () => {};
  b.onAsk = () => new Promise((resolve) => answer = resolve);
  const asked = a.session.ask(some);
  await settle();
  clock.pass(meshLimits.askMs);
  await rejects(asked, isFor("timeout"));
  equal(a.session.load, 0);
  answer(some);
  await settle();
  b.onAsk = (question) => question;
  deepEqual(await a.session.ask(some), some);
  deepEqual([...a.ends, ...b.ends], []);
});

Deno.test("no more questions are asked than are answered at a time", async () => {
  const { a, b } = sessionPair({ keys: noKeys });
  const waiting: (() => void)[] = [];
  b.onAsk = (question) => new Promise((resolve) => waiting.push(() => resolve(question)));
  const asked = Array.from({ length: meshLimits.asks }, () => a.session.ask(some));
  await rejects(a.session.ask(some), isFor("refused"));
  await settle();
  equal(waiting.length, meshLimits.asks);
  equal(b.session.load, meshLimits.asks);
  for (const answer of waiting) answer();
  equal((await Promise.all(asked)).length, meshLimits.asks);
});
