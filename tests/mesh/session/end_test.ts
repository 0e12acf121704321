/** How sessions end: when they are asked to, by silence, and with their link. */

import { deepEqual, equal, notEqual, ok, rejects, throws } from "node:assert/strict";
import { meshLimits } from "../../../src/mesh/limits.ts";
import { MeshError, type MeshErrorCode } from "../../../src/mesh/mesh_error.ts";
import { FrameType } from "../../../src/mesh/session/frames.ts";
import { ResetCode } from "../../../src/mesh/session/reset_code.ts";
import { settle } from "../../support/mesh/manual_clock.ts";
import { frame, rawPair } from "../../support/mesh/raw_peer.ts";
import { bodyOf, cutShort, headOf, patterned, sendAll, sessionPair } from "../../support/mesh/session_pair.ts";
import { until, within } from "../../support/within.ts";

const { pingMs, pongMs, goodbyeMs } = meshLimits;
const none = new Uint8Array(0);
const isFor = (code: MeshErrorCode) => (error: unknown) => error instanceof MeshError && error.code === code;

Deno.test("a session with nothing under way ends on both sides, once each", async () => {
  const { a, b, clock } = sessionPair();
  await a.session.ask(none);
  a.session.close();
  a.session.close();
  equal(a.session.isOpen, false);
  await within("both have ended", Promise.all([a.session.closed, b.session.closed]));
  await settle();
  for (const end of [a, b]) {
    deepEqual(end.ends.map(({ code }) => code), ["closed"]);
    ok(end.link.isClosed);
    equal(end.link.ended, "end"); // and not broken off
  }
  equal(clock.pending, 0);
  throws(() => a.session.open(none), isFor("closed"));
  await rejects(a.session.ask(none), isFor("closed"));
});

Deno.test("both sides may end a session at the same time", async () => {
  const { a, b } = sessionPair();
  a.session.close();
  b.session.close();
  await within("both have ended", Promise.all([a.session.closed, b.session.closed]));
  deepEqual([a.link.ended, b.link.ended], ["end", "end"]);
});

Deno.test("streams under way come to their end, both ways, before the session does", async () => {
  const { a, b } = sessionPair();
  const body = patterned(1_000_000);
  const asked = a.session.open(none);
  const { stream } = await b.next();
  stream.sender.head(FrameType.head, none);
  b.session.close();
  await settle();
  equal(a.session.isOpen, false);
  throws(() => a.session.open(none), isFor("closed"));
  const [there, back] = await within(
    "all has come",
    Promise.all([bodyOf(stream), bodyOf(asked), sendAll(asked, body), sendAll(stream, body)]),
  );
  deepEqual(there, body);
  deepEqual(back, body);
  await within("both have ended", Promise.all([a.session.closed, b.session.closed]));
  notEqual(a.link.ended, "destroy");
  notEqual(b.link.ended, "destroy");
});

Deno.test("all that was said before the end arrives, long as it may be", async () => {
  for (const length of [10, 20_000, 64 * 1024]) {
    const { a, b } = sessionPair();
    const asked = a.session.open(none);
    asked.sender.close();
    const { stream } = await b.next();
    stream.sender.head(FrameType.head, none);
    b.session.close();
    stream.sender.put(patterned(length));
    stream.sender.close();
    deepEqual(await within("it came", bodyOf(asked)), patterned(length));
    await within("both have ended", Promise.all([a.session.closed, b.session.closed]));
    notEqual(a.link.ended, "destroy");
    notEqual(b.link.ended, "destroy");
  }
});

Deno.test("a stream that crosses the word of the end is taken, and comes to its end before the session does", async () => {
  const { a, b } = sessionPair();
  a.session.close();
  const asked = b.session.open(none);
  const { stream } = await a.next();
  await settle();
  stream.sender.head(FrameType.head, none);
  await headOf(asked);
  asked.sender.close();
  stream.sender.close();
  await within("both have ended", Promise.all([a.session.closed, b.session.closed]));
  deepEqual([a.link.ended, b.link.ended], ["end", "end"]);
});

Deno.test("it may take longer than a good-bye is waited for", async () => {
  const { peer, end, clock } = rawPair();
  end.session.close();
  await settle();
  clock.pass(goodbyeMs / 2);
  peer.send(frame(FrameType.open, 1));
  await end.next();
  clock.pass(goodbyeMs);
  await settle();
  equal(end.ends.length, 0);
  peer.send(frame(FrameType.reset, 1, Uint8Array.of(ResetCode.cancelled)));
  await settle();
  clock.pass(goodbyeMs);
  await settle();
  equal(end.ends[0].code, "closed");
});

Deno.test("a stream that is begun behind one's own word of the end is refused as such", async () => {
  const { peer, end } = rawPair();
  const held = end.session.open(none);
  end.session.close();
  peer.send(frame(FrameType.goAway, 0), frame(FrameType.open, 1));
  await until("it is refused", () => peer.got(FrameType.reset).length > 0);
  deepEqual(peer.got(FrameType.reset)[0], {
    type: FrameType.reset,
    stream: 1,
    payload: Uint8Array.of(ResetCode.ending),
    isLast: false,
  });
  held.reset(ResetCode.cancelled);
});

Deno.test("and so is one that comes too late for anybody who listens", async () => {
  const { peer, end, clock } = rawPair();
  const held = end.session.open(none);
  end.session.close();
  clock.pass(goodbyeMs + 1);
  peer.send(frame(FrameType.open, 1));
  await until("it is refused", () => peer.got(FrameType.reset).length > 0);
  held.reset(ResetCode.cancelled);
});

Deno.test("an answer that is long to seal is sent whole before the good-bye's time is over", async () => {
  const { peer, end, clock } = rawPair();
  end.session.close();
  await settle();
  peer.send(frame(FrameType.open, 1, none, true));
  const { stream } = await end.next();
  clock.pass(goodbyeMs - 1);
  stream.sender.head(FrameType.head, none);
  stream.sender.put(patterned(20_000));
  stream.sender.close();
  while (end.session.load > 0) await undefined; // all is with the threads that seal
  clock.pass(1);
  await until("it is there", () => peer.got(FrameType.data).some(({ isLast }) => isLast));
});

Deno.test("a stream that is broken off lets its session end", cutShort, async () => {
  const { a, b } = sessionPair();
  const asked = a.session.open(none);
  void sendAll(asked, patterned(1_000_000)).catch(() => {});
  await b.next();
  a.session.close();
  await settle();
  asked.reset(ResetCode.cancelled);
  await within("both have ended", Promise.all([a.session.closed, b.session.closed]));
});

Deno.test("a peer that does not say goodbye is left all the same", async () => {
  const { peer, end, clock } = rawPair();
  end.session.close();
  await settle();
  equal(peer.got(FrameType.goAway).length, 1);
  equal(end.ends.length, 0);
  clock.pass(goodbyeMs);
  await settle();
  equal(end.ends[0].code, "closed");
  ok(peer.isClosed);
});

Deno.test("streams and questions all fail when the link breaks, and nothing is told afterwards", cutShort, async () => {
  const { a, b, clock } = sessionPair();
  const streams = Array.from({ length: 20 }, () => a.session.open(none));
  const heads = streams.map(headOf);
  b.onAsk = () => new Promise(() => {});
  const question = a.session.ask(none);
  for (const { sender } of streams) sender.put(patterned(meshLimits.streamQueueBytes));
  const room = streams[0].sender.put(patterned(meshLimits.streamQueueBytes));
  await until("they have begun", () => b.begun.length === 20 && b.questions.length === 1);
  const reading = bodyOf(b.begun[19].stream);
  b.link.destroy();
  await Promise.all(
    [...heads, question, reading].map((promise) => rejects(promise, isFor("closed"))),
  );
  equal(await room, false);
  await within("both have ended", Promise.all([a.session.closed, b.session.closed]));
  for (const end of [a, b]) {
    end.session.close();
    end.session.destroy(new MeshError("closed", "again"));
    end.session.onBytes(patterned(100));
    end.session.onDrain();
  }
  for (const { stream } of b.begun) {
    stream.sender.close();
    stream.reset(ResetCode.failed);
    equal(stream.sender.put(none), false);
  }
  clock.pass(3_600_000);
  await settle();
  deepEqual([...a.ends, ...b.ends].map(({ code }) => code), ["closed", "closed"]);
  equal(clock.pending, 0);
  equal(a.session.load + b.session.load, 0);
});

Deno.test("a destroyed session tells its streams why, and the other side that it is over", async () => {
  const { a, b } = sessionPair();
  const asked = headOf(a.session.open(none));
  const { stream } = await b.next();
  a.session.destroy(new MeshError("timeout", "enough"));
  await rejects(asked, isFor("timeout"));
  await b.session.closed;
  await rejects(async () => await stream.read(), isFor("closed"));
});

Deno.test("a session that hears nothing asks for a sign of life, and goes on when it gets one", async () => {
  const { a, b, clock } = sessionPair();
  await a.session.ask(none);
  for (let turn = 0; turn < 60; turn++) {
    clock.pass(pingMs / 2);
    await settle();
  }
  equal(b.link.isClosed, false);
  deepEqual([...a.ends, ...b.ends], []);
  ok(a.link.written.length < 60, String(a.link.written.length));
});

Deno.test("a session whose other side is gone without a word ends", async () => {
  const { a, b, clock } = sessionPair();
  const head = headOf(a.session.open(none));
  await b.next();
  a.link.hold();
  b.link.hold();
  clock.pass(pingMs);
  await settle();
  deepEqual(a.ends, []);
  clock.pass(pingMs + pongMs);
  await rejects(head, isFor("timeout"));
  deepEqual(a.ends.map(({ code }) => code), ["timeout"]);
  equal(clock.pending, 0);
});

Deno.test("a peer that only speaks is a sign of life, though it never answers", async () => {
  const { peer, end, clock } = rawPair();
  for (let i = 0; i < 10; i++) {
    peer.send(frame(FrameType.pong, 0));
    await settle();
    clock.pass(pingMs);
  }
  deepEqual(end.ends, []);
});

Deno.test("a session without numbers for new streams ends when those under way are over", async () => {
  const { peer, end } = rawPair();
  peer.send(frame(FrameType.open, 2 ** 32 - 1, none, true));
  const { stream } = await end.next();
  stream.sender.head(FrameType.head, none);
  stream.sender.close();
  await settle();
  equal(peer.got(FrameType.head)[0].stream, 2 ** 32 - 1);
  peer.send(frame(FrameType.open, 1));
  await settle();
  equal(end.ends[0].code, "protocol");
});
