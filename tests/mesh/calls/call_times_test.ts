/** How long calls may take: who is waited for, and who is not. */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { bytesResponse } from "../../../src/http/bytes_response.ts";
import { CallError } from "../../../src/mesh/calls/call_error.ts";
import { type CallPair, callPair } from "../../support/mesh/call_pair.ts";
import { settle } from "../../support/mesh/manual_clock.ts";
import { within } from "../../support/within.ts";
import { bodyOf } from "../../support/mesh/session_pair.ts";

const KiB = 1024;
const idle = { idleMs: 1000 };
/** Signs of life of a session, which both ends give. */
const SESSION_TIMERS = 2;

const isLate = (error: unknown) => {
  ok(error instanceof CallError, String(error));
  deepEqual([error.status, error.outcome, error.nothingDone], [504, "failed", false]);
  return true;
};

/** A body that is sent when a test says so. */
function slowly() {
  let controller: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (it) => void (controller = it) });
  return { body, send: (bytes = 3) => controller.enqueue(new Uint8Array(bytes)), end: () => controller.close() };
}

const post = (body: ReadableStream) => new Request("http://a/", { method: "POST", body });

/** Lets time pass in small steps, in each of which everybody does what he can. */
async function pass({ clock }: CallPair, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 100) {
    clock.pass(100);
    await settle();
  }
}

Deno.test("a provider that never answers is given up, and its handler told", async () => {
  let isTold = false;
  const pair = callPair((request) => {
    request.signal.addEventListener("abort", () => isTold = true);
    return new Promise(() => {});
  });
  const answer = rejects(pair.fetch(new Request("http://a/"), idle), isLate);
  await pass(pair, 900);
  deepEqual([pair.told, isTold], [[], false]);
  await pass(pair, 100);
  await answer;
  deepEqual([pair.told, isTold], [["failed"], true]);
  equal(pair.a.session.load + pair.b.session.load, 0);
});

Deno.test("a provider that takes nothing of the upload is given up", async () => {
  const pair = callPair();
  const answer = rejects(pair.fetch(post(new Blob([new Uint8Array(1000 * KiB)]).stream()), idle), isLate);
  await pass(pair, 900);
  const { stream } = await pair.b.next();
  for (let bytes = 0; bytes < 150 * KiB;) bytes += (await stream.read())!.byteLength; // some of it moves
  await pass(pair, 900);
  deepEqual(pair.told, []);
  await pass(pair, 200);
  await answer;
});

Deno.test("a provider is not to blame for a client that sends slowly, and is when it has all", async () => {
  const pair = callPair(async (request) => {
    await request.bytes();
    return await new Promise(() => {});
  });
  const { body, send, end } = slowly();
  const answer = rejects(pair.fetch(post(body), idle), isLate);
  for (let i = 0; i < 3; i++) {
    await pass(pair, 1500);
    send();
  }
  await pass(pair, 1500);
  deepEqual(pair.told, []);
  end();
  await settle();
  await pass(pair, 900);
  deepEqual(pair.told, []);
  await pass(pair, 200);
  await answer;
});

Deno.test("an answer that stops is given up, and one that goes on is not", async () => {
  const { body, send } = slowly();
  const pair = callPair(() => new Response(body));
  const response = await pair.fetch(new Request("http://a/"), idle);
  const reader = response.body!.getReader();
  for (let i = 0; i < 4; i++) {
    const next = reader.read();
    await pass(pair, 800);
    send();
    equal((await next).value!.byteLength, 3);
  }
  const last = rejects(reader.read(), isLate);
  await pass(pair, 1100);
  await last;
  deepEqual(pair.told, ["answer", "failed"]);
});

Deno.test("a reader may take its time", async () => {
  const pair = callPair(() => bytesResponse(new Uint8Array(500 * KiB), {}));
  const response = await pair.fetch(new Request("http://a/"), idle);
  const reader = response.body!.getReader();
  let bytes = 0;
  for (let i = 0; i < 4; i++) {
    await pass(pair, 2000);
    bytes += (await reader.read()).value!.byteLength;
  }
  for (;;) {
    const { value } = await reader.read();
    if (!value) break;
    bytes += value.byteLength;
  }
  equal(bytes, 500 * KiB);
  deepEqual(pair.told, ["answer", "ok"]);
});

Deno.test("all of a call may take only so long, whatever moves", async () => {
  const { body, send } = slowly();
  const pair = callPair(() => new Response(body));
  const response = await pair.fetch(new Request("http://a/"), { ...idle, totalMs: 2000 });
  const reader = response.body!.getReader();
  for (let i = 0; i < 3; i++) {
    send();
    await reader.read();
    await pass(pair, 500);
  }
  const last = rejects(reader.read(), isLate);
  await pass(pair, 500);
  await last;
  deepEqual(pair.told, ["answer", "failed"]);

  const silent = callPair(() => new Promise(() => {}));
  const never = rejects(silent.fetch(new Request("http://a/"), { totalMs: 2000 }), isLate);
  await pass(silent, 2000);
  await never;
});

Deno.test("what is over is watched no more", async () => {
  const pair = callPair((request) => new Response(request.body));
  for (let i = 0; i < 5; i++) {
    const response = await pair.fetch(post(new Blob(["x"]).stream()), { ...idle, totalMs: 1000 });
    await response.text();
  }
  await settle();
  ok(pair.clock.pending <= SESSION_TIMERS, `${pair.clock.pending} timers`);
  await pass(pair, 2000);
  equal(pair.told.length, 10);
});

Deno.test("an upload that nobody wants any more is not sent on", async () => {
  const pair = callPair();
  pair.b.onStream = async ({ stream }) => {
    await stream.read();
    stream.cancel();
    await bodyOf(stream);
  };
  const cancelled = Promise.withResolvers<void>();
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(10 * KiB)),
    cancel: () => cancelled.resolve(),
  });
  const answer = rejects(pair.fetch(post(body), idle), isLate);
  await within("the upload is cancelled", cancelled.promise);
  deepEqual(pair.told, []);
  await pass(pair, 1000); // the head is still waited for
  await answer;
});
