/** What every kind of link has to do. */

import { deepEqual, equal, ok } from "node:assert/strict";
import type { Link } from "../../../src/mesh/transport/link.ts";
import { until } from "../../support/within.ts";
import { bytesOf, Tape } from "./tape.ts";

/** Two ends of a link that were not opened yet. */
export interface LinkPair extends AsyncDisposable {
  readonly ends: readonly [Link, Link];
}

const MiB = 1024 * 1024;

/** Two ends, opened. */
async function openPair(connect: () => Promise<LinkPair>): Promise<AsyncDisposable & { a: Tape; b: Tape }> {
  const pair = await connect();
  const [a, b] = pair.ends.map((link) => new Tape(link).open());
  const dispose = async () => {
    for (const end of [a, b]) end.destroy();
    await Promise.all([a.closed(), b.closed()]);
    await pair[Symbol.asyncDispose]();
    deepEqual([a.closes, b.closes], [1, 1]);
  };
  return { a, b, [Symbol.asyncDispose]: dispose };
}

/** Names each case after the kind of link. */
export function linkCases(name: string, connect: () => Promise<LinkPair>): void {
  orderCases(name, connect);
  flowCases(name, connect);
  endCases(name, connect);
}

function orderCases(name: string, connect: () => Promise<LinkPair>): void {
  Deno.test(`${name}: small writes come in order`, async () => {
    await using pair = await openPair(connect);
    const { a, b } = pair;
    let expected = "";
    for (let i = 0; i < 300; i++) {
      a.write(`${i};`);
      expected += `${i};`;
      if (i === 100) a.write(new Uint8Array(0));
    }
    await b.got(expected.length);
    equal(b.text.slice(0, 900), expected.slice(0, 900));
    b.write("thanks");
    await a.got(6);
    equal(a.text, "thanks");
  });

  Deno.test(`${name}: what came before the link was opened comes then`, async () => {
    await using pair = await connect();
    const [a, b] = pair.ends.map((link) => new Tape(link));
    a.open().write("hello");
    b.write("good day");
    await a.got(8);
    b.open();
    await b.got(5);
    deepEqual([a.text, b.text], ["good day", "hello"]);
    for (const end of [a, b]) end.destroy();
    await Promise.all([a.closed(), b.closed()]);
  });

  Deno.test(`${name}: large transfers both ways at once are complete`, async () => {
    await using pair = await openPair(connect);
    const { a, b } = pair;
    const [sentByA, sentByB] = await Promise.all([a.send(24 * MiB, 64 * 1024), b.send(16 * MiB, 3 * MiB - 7)]);
    await Promise.all([a.got(16 * MiB), b.got(24 * MiB)]);
    deepEqual([a.digest, b.digest], [sentByB, sentByA]);
  });
}

function flowCases(name: string, connect: () => Promise<LinkPair>): void {
  Deno.test(`${name}: a receiver that pauses stops the sender, and loses nothing`, async () => {
    await using pair = await openPair(connect);
    const { a, b } = pair;
    b.pause();
    let isDone = false;
    const total = 64 * MiB;
    let sent = 0;
    const count = a.link.write.bind(a.link);
    a.link.write = (bytes) => {
      sent += bytes.byteLength;
      return count(bytes);
    };
    const sending = a.send(total, 64 * 1024).finally(() => isDone = true);
    let [before, quiet] = [-1, 0];
    await until("the sender stands still", () => {
      quiet = sent === before ? quiet + 1 : 0;
      before = sent;
      return quiet === 10;
    });
    equal(isDone, false);
    ok(sent < 48 * MiB, `${sent} bytes were sent to whom takes none`); // the system's own buffers are some of it
    ok(b.received <= MiB, `${b.received} bytes came to whom takes none`);
    b.resume();
    const digest = await sending;
    await b.got(total);
    equal(b.digest, digest);
  });

  Deno.test(`${name}: a receiver may pause and go on at any piece`, async () => {
    await using pair = await openPair(connect);
    const { a, b } = pair;
    let [pieces, later] = [0, Promise.resolve()];
    b.take = () => {
      if (pieces++ % 3 !== 0) return;
      b.link.pause();
      if (pieces % 2 === 0) return b.link.resume();
      later = later.then(() => new Promise((resolve) => setTimeout(resolve, 0))).then(() => b.link.resume());
    };
    const digest = await a.send(4 * MiB, 10_007);
    await b.got(4 * MiB);
    equal(b.digest, digest);
    await later;
  });

  Deno.test(`${name}: one that is paused from the beginning gets what comes when it goes on`, async () => {
    await using pair = await connect();
    const [a, b] = pair.ends.map((link) => new Tape(link));
    b.pause();
    b.open();
    a.open();
    b.write("I am here");
    await a.got(9);
    a.write("hello");
    b.resume();
    await b.got(5);
    for (const end of [a, b]) end.destroy();
    await Promise.all([a.closed(), b.closed()]);
  });
}

function endCases(name: string, connect: () => Promise<LinkPair>): void {
  Deno.test(`${name}: the end sends what was written before, and nothing later`, async () => {
    await using pair = await openPair(connect);
    const { a, b } = pair;
    const piece = new Uint8Array(512 * 1024).fill(7);
    for (let i = 0; i < 16; i++) a.write(piece);
    a.end();
    equal(a.write(bytesOf("late")), false);
    await Promise.all([a.closed(), b.closed()]);
    equal(b.received, 16 * piece.byteLength);
    deepEqual([a.error, b.error], [undefined, undefined]);
  });

  Deno.test(`${name}: one that is paused can end, although the other side has sent it much`, async () => {
    await using pair = await openPair(connect);
    const { a, b } = pair;
    a.pause();
    while (b.write(new Uint8Array(64 * 1024)));
    a.write("bye");
    a.end();
    await Promise.all([a.closed(), b.closed()]);
    equal(b.text, "bye");
  });

  Deno.test(`${name}: both sides may end at once`, async () => {
    await using pair = await openPair(connect);
    const { a, b } = pair;
    a.end();
    b.end();
    a.end();
    await Promise.all([a.closed(), b.closed()]);
  });

  Deno.test(`${name}: one that is destroyed closes once on each side, whatever is called then`, async () => {
    await using pair = await openPair(connect);
    const { a, b } = pair;
    a.write("hello");
    await b.got(5);
    a.destroy();
    a.destroy();
    a.end();
    a.resume();
    equal(a.write("late"), false);
    await Promise.all([a.closed(), b.closed()]);
    for (const end of [a, b]) {
      equal(end.write("late"), false);
      for (const act of ["pause", "resume", "end", "destroy"] as const) end[act]();
    }
    equal(b.received, 5);
  });

  Deno.test(`${name}: a receiver may destroy the link within what it takes, and gets no more of it`, async () => {
    await using pair = await openPair(connect);
    const { a, b } = pair;
    let pieces = 0;
    b.take = () => {
      pieces++;
      b.link.destroy();
    };
    for (let i = 0; i < 100; i++) a.write(new Uint8Array(100_000));
    await Promise.all([a.closed(), b.closed()]);
    equal(pieces, 1);
  });

  Deno.test(`${name}: a close before the link was opened is told then`, async () => {
    await using pair = await connect();
    const [a, b] = pair.ends.map((link) => new Tape(link));
    a.destroy();
    b.destroy();
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (const end of [a, b]) end.open();
    await Promise.all([a.closed(), b.closed()]);
  });
}
