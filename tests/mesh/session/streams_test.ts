import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { meshLimits } from "../../../src/mesh/limits.ts";
import { FrameType } from "../../../src/mesh/session/frames.ts";
import type { MeshStream } from "../../../src/mesh/session/mesh_stream.ts";
import { ResetCode, StreamReset } from "../../../src/mesh/session/reset_code.ts";
import { settle } from "../../support/mesh/manual_clock.ts";
import {
  bodyOf,
  type Bytes,
  headOf,
  patterned,
  quiet,
  sendAll,
  type SessionPair,
  sessionPair,
} from "../../support/mesh/session_pair.ts";
import { within } from "../../support/within.ts";

const bytes = (text: string): Bytes => new TextEncoder().encode(text);
const textOf = (array: Uint8Array | undefined) => new TextDecoder().decode(array);
const none = new Uint8Array(0);

/** Whether an error is the other side's reset. */
const isReset = (code: ResetCode, text = "") => (error: unknown) => {
  ok(error instanceof StreamReset, String(error));
  equal(error.code, code);
  equal(error.message, text);
  return true;
};

/** A call whose request and answer are both open. */
async function call({ a, b }: SessionPair): Promise<{ asked: MeshStream; answering: MeshStream }> {
  const asked = a.session.open(bytes("request"));
  const head = headOf(asked);
  const { stream: answering } = await b.next();
  answering.sender.head(FrameType.head, bytes("answer"));
  await head;
  asked.listener = {};
  return { asked, answering };
}

/** All is over, and the sessions go on. */
async function allOver(pair: SessionPair): Promise<void> {
  await quiet(pair);
  const { a, b } = pair;
  equal(a.session.load + b.session.load, 0);
  deepEqual([...a.ends, ...b.ends], []);
}

Deno.test("a stream carries heads, bodies and trailers both ways", async () => {
  const pair = sessionPair();
  const asked = pair.a.session.open(bytes("request"));
  const head = headOf(asked);
  await asked.sender.put(bytes("a question"));
  asked.sender.close(bytes("a trailer"));
  const { stream, head: got } = await pair.b.next();
  equal(textOf(got), "request");
  equal(textOf(await bodyOf(stream)), "a question");
  equal(textOf(stream.trailers), "a trailer");
  stream.sender.head(FrameType.head, bytes("answer"));
  equal(textOf(await head), "answer");
  await stream.sender.put(bytes("an answer"));
  stream.sender.close(bytes("another trailer"));
  equal(textOf(await bodyOf(asked)), "an answer");
  equal(textOf(asked.trailers), "another trailer");
  await allOver(pair);
});

Deno.test("both sides begin streams, many at once, and each gets its own answer", async () => {
  const pair = sessionPair();
  for (const end of [pair.a, pair.b]) {
    end.onStream = async ({ stream, head }) => {
      stream.sender.head(FrameType.head, head);
      await sendAll(stream, await bodyOf(stream));
    };
  }
  const one = async ({ session }: SessionPair["a"], seed: number) => {
    const stream = session.open(bytes(String(seed)));
    const head = headOf(stream);
    const body = patterned(seed * 37 % 5000, seed);
    await sendAll(stream, body, 1000);
    equal(textOf(await head), String(seed));
    deepEqual(await bodyOf(stream), body);
  };
  const calls = Array.from({ length: 400 }, (_, i) => one(i % 2 ? pair.a : pair.b, i));
  await within("all calls are answered", Promise.all(calls));
  equal(pair.a.begun.length, 200);
  deepEqual(pair.b.begun.map(({ head }) => Number(textOf(head))), Array.from({ length: 200 }, (_, i) => 2 * i + 1));
  await allOver(pair);
});

Deno.test("either side may end first, and the other goes on", async () => {
  const pair = sessionPair();
  const { asked, answering } = await call(pair);
  answering.sender.close();
  deepEqual(await bodyOf(asked), none);
  await asked.sender.put(bytes("still going"));
  asked.sender.close();
  equal(textOf(await bodyOf(answering)), "still going");
  await allOver(pair);
});

Deno.test("what has no body and a short one are one frame each", async () => {
  const { a, b } = sessionPair();
  const asked = a.session.open(bytes("request"));
  asked.sender.close();
  const { stream } = await b.next();
  ok(stream.isEmpty);
  stream.sender.head(FrameType.head, none);
  stream.sender.put(bytes("whole"));
  stream.sender.close();
  await headOf(asked);
  deepEqual(asked.takeWhole(), [bytes("whole")]);
  equal(b.link.written.length, 1);
});

Deno.test("a reset by whoever asked ends it both ways, with its code and words", async () => {
  const pair = sessionPair();
  const { asked, answering } = await call(pair);
  const broken = headOf(answering);
  asked.reset(ResetCode.timeout, "too slow");
  await rejects(broken, isReset(ResetCode.timeout, "too slow"));
  equal(answering.sender.put(bytes("too late")), false);
  await rejects(async () => await answering.read(), isReset(ResetCode.timeout, "too slow"));
  await allOver(pair);
});

Deno.test("what came before a reset is read, and then the error; it never looks whole", async () => {
  const pair = sessionPair();
  const { asked, answering } = await call(pair);
  await answering.sender.put(bytes("a part"));
  await settle();
  answering.reset(ResetCode.failed);
  await settle();
  equal(asked.takeWhole(), undefined);
  equal(textOf(await asked.read()), "a part");
  await rejects(async () => await asked.read(), isReset(ResetCode.failed));
  equal(asked.sender.put(none), false);
  await allOver(pair);
});

Deno.test("a code that is not known is a failure", () => {
  equal(new StreamReset(99, "").code, ResetCode.failed);
});

Deno.test("a stream that is given up before it was sent is never heard of", async () => {
  const pair = sessionPair();
  pair.a.session.open(bytes("one")).reset(ResetCode.cancelled);
  pair.a.session.open(bytes("two")).cancel();
  const third = pair.a.session.open(bytes("three"));
  third.sender.close();
  const { stream, head } = await pair.b.next();
  equal(textOf(head), "three");
  stream.sender.head(FrameType.head, none);
  stream.sender.close();
  await settle();
  equal(pair.b.begun.length, 1);
  third.cancel();
  await allOver(pair);
});

Deno.test("streams begin in their order, though a long head has no room beside another", async () => {
  const pair = sessionPair();
  const heads = [60_000, 60_000, 5, 60_000, 5].map((length, i) => patterned(length, i));
  const streams = heads.map((head) => pair.a.session.open(head));
  for (const head of heads) deepEqual((await pair.b.next()).head, head);
  for (const stream of streams) stream.reset(ResetCode.cancelled);
  await allOver(pair);
});

Deno.test("a body that is not wanted is stopped, and its answer still comes", async () => {
  const pair = sessionPair();
  const { asked, answering } = await call(pair);
  const sending = sendAll(asked, patterned(10_000_000));
  ok(await answering.read());
  answering.cancel();
  equal(await within("the sender hears of it", sending), false);
  equal(await answering.read(), undefined);
  await answering.sender.put(bytes("enough"));
  answering.sender.close();
  equal(textOf(await bodyOf(asked)), "enough");
  await allOver(pair);
});

Deno.test("a call is given up while its answer is on its way, and others go on", async () => {
  const pair = sessionPair();
  for (let i = 0; i < 5; i++) {
    const { asked, answering } = await call(pair);
    const sending = sendAll(answering, patterned(3_000_000));
    ok(await asked.read());
    asked.cancel();
    equal(await within("the sender hears of it", sending), false);
    await rejects(async () => await asked.read());
  }
  await allOver(pair);
});

Deno.test("a body that its sender aborts breaks", async () => {
  const pair = sessionPair();
  const { asked, answering } = await call(pair);
  answering.sender.put(bytes("a part"));
  answering.sender.abort();
  await rejects(bodyOf(asked), isReset(ResetCode.failed));
  await allOver(pair);
});

Deno.test("a stream cancelled after all came keeps nothing", async () => {
  const pair = sessionPair();
  const { asked, answering } = await call(pair);
  asked.sender.close();
  answering.sender.put(bytes("all"));
  answering.sender.close();
  await settle();
  asked.cancel();
  equal(await asked.read(), undefined);
  await allOver(pair);
});

Deno.test("everybody who waits for room hears of it", async () => {
  const pair = sessionPair();
  const { asked, answering } = await call(pair);
  const body = patterned(meshLimits.streamQueueBytes, 1);
  const waits = [asked.sender.put(body), asked.sender.put(body), asked.sender.put(body)];
  asked.sender.close();
  equal(asked.sender.put(body), false); // nothing may follow the end
  equal((await bodyOf(answering)).byteLength, 3 * body.byteLength);
  deepEqual(await Promise.all(waits), [true, true, true]);
  asked.cancel();
  await allOver(pair);
});

Deno.test("what is longer than a frame is refused where it is sent", async () => {
  const pair = sessionPair();
  const { asked, answering } = await call(pair);
  const long = new Uint8Array(meshLimits.headBytes + 1);
  throws(() => pair.a.session.open(long), RangeError);
  throws(() => answering.sender.head(FrameType.head, long), RangeError);
  throws(() => answering.sender.close(long), RangeError);
  await rejects(pair.a.session.ask(long), RangeError);
  asked.reset(ResetCode.cancelled);
  await allOver(pair);
});
