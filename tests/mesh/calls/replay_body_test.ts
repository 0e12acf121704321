/** Bodies that are sent again: from their beginning, to one reader at a time, and only while they are small. */

import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import type { Source } from "../../../src/bytes/source.ts";
import { Budget } from "../../../src/http/budget.ts";
import { isIdempotent } from "../../../src/mesh/calls/prepare_call.ts";
import { ReplayBody } from "../../../src/mesh/calls/replay_body.ts";
import { meshLimits } from "../../../src/mesh/limits.ts";
import { settle } from "../../support/mesh/manual_clock.ts";

const KiB = 1024;
const text = (chunk: Uint8Array | undefined) => chunk && new TextDecoder().decode(chunk);

/** A request whose body comes when a test says so. */
function fed() {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const state = { cancelled: 0 };
  const body = new ReadableStream<Uint8Array>({
    start: (it) => void (controller = it),
    cancel: () => void state.cancelled++,
  }, { highWaterMark: 0 });
  return {
    ...{ state, request: new Request("http://a/", { method: "POST", body }) },
    feed: (words: string) => controller.enqueue(new TextEncoder().encode(words)),
    end: () => controller.close(),
    fail: () => controller.error(new Error("It broke")),
  };
}

async function rest(source: Source): Promise<string> {
  let all = "";
  for (let chunk = await source.read(); chunk; chunk = await source.read()) all += text(chunk);
  return all;
}

Deno.test("what was read is read again, and then the rest", async () => {
  const { request, feed, end } = fed();
  using body = new ReplayBody(request);
  equal(body.isUntouched, true);
  const first = body.source()!;
  equal(body.isUntouched, false);
  feed("one");
  equal(text(await first.read()), "one");
  first.cancel();
  equal(body.canReplay, true);
  const second = body.source()!;
  feed("two");
  end();
  equal(await rest(second), "onetwo");
  equal(await rest(body.source()!), "onetwo");
});

Deno.test("a request without a body has none, as often as one asks", () => {
  using body = new ReplayBody(new Request("http://a/"));
  deepEqual([body.source(), body.source(), body.canReplay, body.isUntouched], [undefined, undefined, true, true]);
});

Deno.test("what a reader asked for who has left goes to the next one", async () => {
  const { request, feed, end } = fed();
  using body = new ReplayBody(request);
  const first = body.source()!;
  const asked = first.read();
  first.cancel();
  const second = body.source()!;
  const read = second.read();
  feed("one");
  end();
  deepEqual([await asked, text(await read), await second.read(), await first.read()], [
    undefined,
    "one",
    undefined,
    undefined,
  ]);
});

Deno.test("a new reader takes the place of one that did not leave", async () => {
  const { request, feed, end, state } = fed();
  using body = new ReplayBody(request);
  const first = body.source()!;
  feed("one");
  await first.read();
  const second = body.source()!;
  equal(await first.read(), undefined);
  first.cancel();
  end();
  deepEqual([await rest(second), state.cancelled], ["one", 0]);
});

Deno.test("beyond the bound nothing is kept, and the one who reads reads on", async () => {
  const { request, feed, end } = fed();
  using body = new ReplayBody(request);
  const source = body.source()!;
  const piece = "x".repeat(meshLimits.replayBytes / 2);
  for (const canReplay of [true, true, false, false]) {
    feed(piece);
    equal(text(await source.read()), piece);
    equal(body.canReplay, canReplay);
  }
  throws(() => body.source(), TypeError);
  end();
  equal(await source.read(), undefined);
});

Deno.test("a reader that is behind when the bound is reached gets all of it", async () => {
  const { request, feed, end } = fed();
  using body = new ReplayBody(request);
  const first = body.source()!;
  feed("one");
  await first.read();
  const asked = first.read();
  first.cancel();
  const second = body.source()!;
  const large = "x".repeat(meshLimits.replayBytes);
  feed(large);
  await asked;
  equal(body.canReplay, false);
  feed("end");
  end();
  equal(await rest(second), `one${large}end`);
});

Deno.test("what all keep together is bounded, and given back", async () => {
  const budget = new Budget(10);
  const [one, other, third] = [fed(), fed(), fed()];
  const first = new ReplayBody(one.request, budget);
  one.feed("12345678");
  await first.source()!.read();
  equal(first.canReplay, true);
  using second = new ReplayBody(other.request, budget);
  other.feed("12345678");
  const source = second.source()!;
  equal(text(await source.read()), "12345678");
  equal(second.canReplay, false);
  first[Symbol.dispose]();
  using last = new ReplayBody(third.request, budget);
  third.feed("12345678");
  await last.source()!.read();
  equal(last.canReplay, true);
});

Deno.test("a body is given up when nobody will read it any more", async () => {
  const { request, feed, state } = fed();
  const body = new ReplayBody(request);
  const first = body.source()!;
  feed("one");
  await first.read();
  first.cancel();
  await settle();
  equal(state.cancelled, 0);
  body[Symbol.dispose]();
  await settle();
  equal(state.cancelled, 1);

  const other = fed();
  const read = new ReplayBody(other.request);
  const reader = read.source()!;
  read[Symbol.dispose]();
  other.feed("one");
  deepEqual([text(await reader.read()), other.state.cancelled, read.canReplay], ["one", 0, false]);
  reader.cancel();
  await settle();
  equal(other.state.cancelled, 1);

  const untouched = fed();
  new ReplayBody(untouched.request)[Symbol.dispose]();
  await settle();
  deepEqual([untouched.state.cancelled, untouched.request.bodyUsed], [0, false]);
});

Deno.test("a body that broke is broken for everybody", async () => {
  const { request, feed, fail } = fed();
  using body = new ReplayBody(request);
  const first = body.source()!;
  feed("one");
  await first.read();
  fail();
  await rejects(Promise.resolve(first.read()), /It broke/);
  await rejects(rest(body.source()!), /It broke/);
});

Deno.test("a small part of a large buffer is kept without the rest of it", async () => {
  const large = new Uint8Array(64 * KiB);
  const request = new Request("http://a/", {
    ...{ method: "POST" },
    body: new ReadableStream({ start: (controller) => controller.enqueue(large.subarray(0, 10)) }),
  });
  using body = new ReplayBody(request);
  const chunk = await body.source()!.read();
  equal(chunk!.buffer.byteLength, 10);
});

Deno.test("requests that do the same twice are known", () => {
  const of = (method: string, headers: HeadersInit = {}) => isIdempotent(new Request("http://a/", { method, headers }));
  for (const method of ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]) equal(of(method), true);
  for (const method of ["POST", "PATCH", "QUERY"]) equal(of(method), false);
  equal(of("POST", { "idempotency-key": '"8e03978e"' }), true);
});
