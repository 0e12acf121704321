/** Strangers who speak Noise, and say what no node says. */

import { equal, ok, rejects } from "node:assert/strict";
import { CipherState } from "../../src/mesh/noise/cipher_state.ts";
import { linkPair } from "../support/mesh/link_pair.ts";
import { settle } from "../support/mesh/manual_clock.ts";
import { anna, type Bytes, carl, isFor, Meeting, nothing, Stranger, timeoutMs } from "../support/mesh/meeting.ts";

Deno.test("a node of another version is refused by both sides", async () => {
  const called = new Meeting();
  const stranger = new Stranger(called.links[0], true, "sluice-mesh/2");
  const b = called.bert();
  stranger.say(nothing);
  await Promise.all([rejects(stranger.hear()), settle().then(() => called.clock.pass(timeoutMs))]);
  await rejects(b, isFor("timeout"));
  called.isOver();

  const calling = new Meeting();
  const answering = new Stranger(calling.links[1], false, "sluice-mesh/2");
  const a = calling.anna();
  await answering.hear();
  answering.say(nothing);
  await rejects(a, isFor("handshake", /another version/));
  calling.isOver();
});

Deno.test("who claims another's id is found out by both sides", async () => {
  const stolen = new Stranger(linkPair()[0], true).proof(carl, carl); // of another static key
  const forgeries = [(stranger: Stranger) => stranger.proof(carl, anna), () => stolen];
  for (const forge of forgeries) {
    const called = new Meeting();
    const caller = new Stranger(called.links[0], true);
    const b = called.bert();
    caller.say(nothing);
    await caller.hear();
    caller.say(forge(caller));
    await rejects(b, isFor("identity", /can't prove it/));
    equal(called.links[1].written.length, 1);
    called.isOver();

    const calling = new Meeting();
    const answerer = new Stranger(calling.links[1], false);
    const a = calling.anna({ expected: carl.id });
    await answerer.hear();
    answerer.say(forge(answerer));
    await rejects(a, isFor("identity", /can't prove it/));
    equal(calling.links[0].written.length, 1);
    calling.isOver();
  }
});

Deno.test("a stranger who proves its own id gets in, and a proof of the wrong length does not", async () => {
  for (const cut of [0, 1, 96]) {
    const meeting = new Meeting();
    const caller = new Stranger(meeting.links[0], true);
    const b = meeting.bert();
    caller.say(nothing);
    await caller.hear();
    caller.say(caller.proof(carl, carl).slice(cut));
    if (cut === 0) equal((await b).remote, carl.id);
    else await rejects(b, isFor("protocol"));
  }
});

Deno.test("a first message with a payload is no first message", async () => {
  const meeting = new Meeting();
  const caller = new Stranger(meeting.links[0], true);
  const b = meeting.bert();
  caller.say(Uint8Array.of(1));
  await rejects(b, isFor("handshake"));
  meeting.isOver();
});

Deno.test("a verdict that is none is refused", async () => {
  const refusals: [Bytes, RegExp][] = [
    [nothing, /1 bytes are needed/],
    [Uint8Array.of(2), /verdict is 2/],
    [Uint8Array.of(0, 0), /left over/],
    [Uint8Array.of(1, 0xff), /not UTF-8/],
    [new Uint8Array(300).fill(1), /too long/],
  ];
  for (const [verdict, message] of refusals) {
    const meeting = new Meeting();
    const answerer = new Stranger(meeting.links[1], false);
    const a = meeting.anna();
    await answerer.hear();
    answerer.say(answerer.proof(carl, carl));
    await answerer.hear();
    answerer.frame(new CipherState(answerer.handshake.split().sendKey).encrypt(verdict));
    await rejects(a, isFor("protocol", message));
    meeting.isOver();
  }
});

Deno.test("who announces a message that is too long is refused", async () => {
  const meeting = new Meeting();
  const b = meeting.bert();
  meeting.links[0].write(Uint8Array.of(4, 1));
  await rejects(b, isFor("protocol", /1025 bytes is too long/));
  meeting.isOver();
});

Deno.test("who sends on when it is in has to wait until the link is taken over", async () => {
  const meeting = new Meeting();
  const caller = new Stranger(meeting.links[0], true);
  const b = meeting.bert();
  caller.say(nothing);
  await caller.hear();
  caller.say(caller.proof(carl, carl));
  await b;
  await settle();
  ok(meeting.links[1].isPaused);
  const taken = Array.from({ length: 100 }, () => caller.link.write(new Uint8Array(10_000))).filter(Boolean);
  ok(taken.length < 10);
});

Deno.test("who sends more than is asked for has to wait", async () => {
  const meeting = new Meeting();
  const [sender, link] = meeting.links;
  const b = meeting.bert();
  sender.write(Uint8Array.of(4, 0, ...new Uint8Array(1023)));
  await settle();
  ok(!link.isPaused);
  sender.write(new Uint8Array(1));
  sender.write(new Uint8Array(1));
  await rejects(b, isFor("handshake"));
  meeting.isOver();
});
