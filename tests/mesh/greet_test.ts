/** The opening of a session: who gets in, who does not, and what either side learns of it. */

import { deepEqual, equal, notDeepEqual, ok, rejects, throws } from "node:assert/strict";
import { greet, identify, plainGreet, plainIdentify } from "../../src/mesh/session/greet.ts";
import type { LinkReceiver } from "../../src/mesh/transport/link.ts";
import { byteByByte, linkPair } from "../support/mesh/link_pair.ts";
import { settle } from "../support/mesh/manual_clock.ts";
import {
  anna,
  bert,
  type Bytes,
  bytesOf,
  carl,
  type Greet,
  isFor,
  Meeting,
  timeoutMs,
} from "../support/mesh/meeting.ts";

const networkKey = new Uint8Array(32).fill(9);

/** Takes notes of all that comes. */
class Notes implements LinkReceiver {
  readonly came: string[] = [];

  onBytes(bytes: Bytes): void {
    this.came.push(new TextDecoder().decode(bytes));
  }

  onDrain(): void {}

  onClose(): void {
    this.came.push("closed");
  }
}

Deno.test("two nodes that greet know each other, and have the same keys as nobody else", async () => {
  for (const key of [undefined, networkKey]) {
    const meeting = new Meeting();
    const [a, b] = await meeting.both({ networkKey: key, expected: bert.id }, { networkKey: key });
    deepEqual([a.remote, b.remote], [bert.id, anna.id]);
    deepEqual([a.sendKey, a.receiveKey, a.hash], [b.receiveKey, b.sendKey, b.hash]);
    notDeepEqual(a.sendKey, a.receiveKey);
    equal(a.sendKey?.byteLength, 32);
    deepEqual([a.sendNonce, a.receiveNonce, b.sendNonce, b.receiveNonce], [0, 1, 1, 0]);
    deepEqual(meeting.links.map(({ written }) => written.length), [2, 2]);
    ok(meeting.links.every(({ isClosed }) => !isClosed));
    equal(meeting.clock.pending, 0);
  }
  const again = await new Meeting().both();
  notDeepEqual(again[0].sendKey, (await new Meeting().both())[0].sendKey);
});

Deno.test("who listens sees no id", async () => {
  const meeting = new Meeting();
  await meeting.both();
  const wire = meeting.links.flatMap(({ written }) => written).map((bytes) => bytes.toHex()).join("");
  for (const { publicKey } of [anna, bert]) equal(wire.includes(publicKey.toHex()), false);
});

Deno.test("a node with another network key, or none, is not answered", async () => {
  const other = new Uint8Array(32).fill(8);
  for (const [annas, berts] of [[other, networkKey], [undefined, networkKey], [networkKey, undefined]]) {
    const meeting = new Meeting();
    const [a, b] = [meeting.anna({ networkKey: annas }), meeting.bert({ networkKey: berts })];
    await meeting.fails(a, "closed", b, "handshake");
    equal(meeting.links[1].written.length, 0);
  }
});

Deno.test("a network key of the wrong length is told to who set it", async () => {
  const meeting = new Meeting();
  await rejects(meeting.anna({ networkKey: new Uint8Array(31) }), RangeError);
  meeting.isOver();
});

Deno.test("a node that has dialled itself hangs up", async () => {
  const meeting = new Meeting();
  const [a, b] = [meeting.anna(), meeting.bert({ identity: anna })];
  await rejects(a, isFor("self", /dialled itself/));
  await rejects(b, isFor("closed"));
  meeting.isOver();
});

Deno.test("another node than the one that is expected is hung up on before it knows who calls", async () => {
  const meeting = new Meeting();
  await meeting.fails(meeting.anna({ expected: carl.id }), "identity", meeting.bert(), "closed");
  equal(meeting.links[0].written.length, 1);
});

Deno.test("who only wants to know who is there learns it, and leaves before the other side has a session", async () => {
  for (const [how, who] of [[greet, identify], [plainGreet, plainIdentify]] as const) {
    for (const [expected, code] of [[bert.id, undefined], [carl.id, "identity"]] as const) {
      const meeting = new Meeting(how as Greet);
      const options = {
        initiator: true,
        identity: anna,
        expected,
        clock: meeting.clock,
        timeoutMs,
        insecure: true,
      } as const;
      const asked = who(meeting.links[0], options);
      const b = meeting.bert();
      if (code) await rejects(asked, isFor(code));
      else equal(await asked, bert.id);
      await rejects(b, isFor("closed"));
      equal(meeting.links[0].written.length, 1);
      meeting.isOver();
    }
  }
});

Deno.test("a node that is not allowed is told so, and never believes to be in", async () => {
  for (const key of [undefined, networkKey]) {
    const meeting = new Meeting();
    const asked: string[] = [];
    const allow = (id: string) => asked.push(id) === 0;
    const a = meeting.anna({ networkKey: key });
    const b = meeting.bert({ networkKey: key, allow });
    await rejects(a, isFor("refused", new RegExp(`${bert.id} refuses: .*not on the list`)));
    await rejects(b, isFor("refused", new RegExp(anna.id)));
    deepEqual(asked, [anna.id]);
    meeting.isOver();
  }
});

Deno.test("who dials may refuse too, before it says who it is", async () => {
  const meeting = new Meeting();
  await meeting.fails(meeting.anna({ allow: () => false }), "refused", meeting.bert({ allow: () => true }), "closed");
  equal(meeting.links[0].written.length, 1);
});

Deno.test("a refused node that does not hang up is hung up on", async () => {
  const meeting = new Meeting();
  const a = meeting.anna();
  const b = meeting.bert({ allow: () => false });
  meeting.links[0].shape = (bytes) => {
    if (meeting.links[0].written.length === 2) meeting.links[0].hold();
    return [bytes];
  };
  await settle();
  equal(meeting.links[1].ended, "end");
  meeting.clock.pass(timeoutMs);
  await rejects(b, isFor("refused"));
  await rejects(a, isFor("timeout"));
  meeting.isOver();
});

Deno.test("silence in any place ends when the time is over", async () => {
  for (const [silent, after] of [[0, 0], [0, 1], [1, 0], [1, 1]]) {
    const meeting = new Meeting();
    const [a, b] = [meeting.anna(), meeting.bert()];
    const link = meeting.links[silent];
    link.shape = (bytes) => link.written.length > after ? [] : [bytes];
    await settle();
    meeting.clock.pass(timeoutMs - 1);
    await settle();
    ok(!meeting.links[0].isClosed);
    meeting.clock.pass(1);
    await rejects(a, isFor("timeout", /1000 ms/));
    if (silent === 1 && after === 1) await b; // it has let the other one in, and sees the end of the link
    else await rejects(b, isFor("timeout"));
    meeting.isOver();
  }
});

Deno.test("a link that ends in between is told as such", async () => {
  for (const after of [0, 1, 2, 3]) {
    const meeting = new Meeting();
    let left = after;
    for (const link of meeting.links) {
      link.shape = (bytes) => {
        if (left-- === 0) link.destroy();
        return [bytes];
      };
    }
    const [a, b] = [meeting.anna(), meeting.bert()];
    await rejects(a, isFor("closed"));
    if (after < 3) await rejects(b, isFor("closed"));
    else await b;
    meeting.isOver();
  }
});

Deno.test("a signal gives it up with its own reason", async () => {
  const gone = new Meeting();
  await rejects(gone.anna({ signal: AbortSignal.abort(new Error("before")) }), /before/);
  gone.isOver();

  const meeting = new Meeting();
  const controller = new AbortController();
  const a = meeting.anna({ signal: controller.signal });
  await settle();
  controller.abort(new Error("meanwhile"));
  await rejects(a, /meanwhile/);
  meeting.isOver();
});

Deno.test("an error of the one who allows is told to who greets, and ends the link", async () => {
  const meeting = new Meeting();
  const allow = () => {
    throw new Error("no list");
  };
  const [a, b] = [meeting.anna(), meeting.bert({ allow })];
  await rejects(a, isFor("closed"));
  await rejects(b, /no list/);
  meeting.isOver();
});

Deno.test("bytes that come one at a time are enough", async () => {
  const meeting = new Meeting();
  for (const link of meeting.links) link.shape = byteByByte;
  const [a, b] = await meeting.both({ networkKey }, { networkKey });
  deepEqual(a.sendKey, b.receiveKey);
});

Deno.test("what comes behind the opening is given to who takes the link over, in order and not within the call", async () => {
  for (const isSplit of [false, true]) {
    const meeting = new Meeting();
    const [caller, called] = meeting.links;
    // The verdict and what follows it arrive as one piece, or as many.
    called.shape = (bytes) => {
      if (called.written.length !== 2) return [bytes];
      const joined = Uint8Array.of(...bytes, ...bytesOf("one"));
      return isSplit ? byteByByte(joined) : [joined];
    };
    const [a, b] = await meeting.both();
    called.write(bytesOf("two"));
    await settle();
    ok(caller.isPaused);
    const notes = new Notes();
    a.handOver(notes);
    deepEqual(notes.came, []);
    await settle();
    equal(notes.came.join(""), "onetwo");
    called.write(bytesOf("three"));
    await settle();
    called.end();
    await settle();
    equal(notes.came.join(""), "onetwothreeclosed");
    throws(() => a.handOver(notes), /twice/);

    const late = new Notes();
    b.handOver(late);
    await settle();
    deepEqual(late.came, ["closed"]);
  }
});

Deno.test("plainGreet() tells ids with no cryptography, with the same ways to fail", async () => {
  const meeting = new Meeting(plainGreet);
  const [a, b] = await meeting.both({ expected: bert.id });
  deepEqual([a.remote, b.remote], [bert.id, anna.id]);
  deepEqual([a.sendKey, a.receiveKey, a.hash, b.sendKey], [undefined, undefined, undefined, undefined]);
  const refusing = new Meeting(plainGreet);
  await refusing.fails(refusing.anna(), "refused", refusing.bert({ allow: () => false }), "refused");
  const other = new Meeting(plainGreet);
  await other.fails(other.anna({ expected: carl.id }), "identity", other.bert(), "closed");
  const self = new Meeting(plainGreet);
  await self.fails(self.anna(), "self", self.bert({ identity: anna }), "closed");
  const silent = new Meeting(plainGreet);
  const waiting = silent.anna();
  await settle();
  silent.clock.pass(timeoutMs);
  await rejects(waiting, isFor("timeout"));
});

Deno.test("plainGreet() is of no use over a network, by accident, or with one that greets properly", async () => {
  const far = new Meeting(plainGreet, linkPair({ remoteHost: "192.0.2.1" }));
  await rejects(far.anna(), /the other side is at 192.0.2.1/);
  far.isOver();
  const keyed = new Meeting(plainGreet);
  await rejects(keyed.anna({ networkKey }), /there is a network key/);
  const careless: Greet = (link, options) => plainGreet(link, { ...options, insecure: undefined as unknown as true });
  await rejects(new Meeting(careless).anna(), /`insecure` is not true/);

  const links = linkPair();
  const [plain, proper] = [new Meeting(plainGreet, links), new Meeting(greet, links)];
  const [a, b] = [plain.anna(), proper.bert()];
  await Promise.all([rejects(a, isFor("closed")), rejects(b, isFor("handshake"))]);
  const others = linkPair();
  const [c, d] = [new Meeting(greet, others).anna(), new Meeting(plainGreet, others).bert()];
  await Promise.all([rejects(c, isFor("closed")), rejects(d, isFor("handshake"))]);
});
