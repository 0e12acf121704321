import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { HttpError } from "../../src/errors.ts";
import { Gate, overloaded } from "../../src/process/gate.ts";

/** Lets every promise that is settled already be heard of. */
const settled = () =>
  new Promise<void>((resolve) => queueMicrotask(() => queueMicrotask(() => queueMicrotask(resolve))));

/** Enters and notes when it is inside. */
function visitor(gate: Gate, name: string, log: string[], signal?: AbortSignal): Promise<Disposable> {
  return gate.enter(signal).then((place) => {
    log.push(name);
    return place;
  });
}

Deno.test("Gate lets in as many as there are places, and the others one by one", async () => {
  const gate = new Gate({ concurrency: 2, queue: 10 });
  const inside: string[] = [];
  const [a, b] = await Promise.all([visitor(gate, "a", inside), visitor(gate, "b", inside)]);
  const waiting = ["c", "d", "e"].map((name) => visitor(gate, name, inside));
  await settled();
  deepEqual(inside, ["a", "b"]);
  b[Symbol.dispose]();
  await settled();
  deepEqual(inside, ["a", "b", "c"]);
  a[Symbol.dispose]();
  await settled();
  deepEqual(inside, ["a", "b", "c", "d"]);
  for (const visit of waiting) (await visit)[Symbol.dispose]();
  deepEqual(inside, ["a", "b", "c", "d", "e"]);
});

Deno.test("Gate never holds more than its places, and serves everyone in order", async () => {
  const gate = new Gate({ concurrency: 3, queue: Infinity });
  const order: number[] = [];
  let inside = 0;
  let most = 0;
  await Promise.all(Array.from({ length: 200 }, async (_, i) => {
    using _place = await gate.enter();
    order.push(i);
    most = Math.max(most, ++inside);
    for (let turns = i % 7; turns > 0; turns--) await Promise.resolve();
    inside--;
  }));
  equal(most, 3);
  deepEqual(order, Array.from({ length: 200 }, (_, i) => i));
});

Deno.test("Gate refuses with 503 and Retry-After when its queue is full", async () => {
  const gate = new Gate({ concurrency: 1, queue: 1 });
  equal(gate.full, false);
  const place = await gate.enter();
  equal(gate.full, false);
  const waiting = gate.enter();
  equal(gate.full, true);
  await rejects(gate.enter(), (error: unknown) => {
    ok(error instanceof HttpError);
    equal(error.status, 503);
    deepEqual(error.headers, { "retry-after": "1" });
    return true;
  });
  place[Symbol.dispose]();
  equal(gate.full, false);
  (await waiting)[Symbol.dispose]();
});

Deno.test("Gate without a queue refuses whoever finds no place", async () => {
  const gate = new Gate({ concurrency: 1, queue: 0 });
  const place = await gate.enter();
  equal(gate.full, true);
  await rejects(gate.enter(), HttpError);
  place[Symbol.dispose]();
  (await gate.enter())[Symbol.dispose]();
});

Deno.test("Gate counts a place that is left twice once", async () => {
  const gate = new Gate({ concurrency: 1, queue: 5 });
  const first = await gate.enter();
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  const inside: string[] = [];
  const a = await visitor(gate, "a", inside);
  const b = visitor(gate, "b", inside);
  first[Symbol.dispose]();
  await settled();
  deepEqual(inside, ["a"]);
  a[Symbol.dispose]();
  (await b)[Symbol.dispose]();
});

Deno.test("Gate lets those go who give up, with their reason, and the next take their turn", async () => {
  const gate = new Gate({ concurrency: 1, queue: 2 });
  const inside: string[] = [];
  const place = await gate.enter();
  const leaving = new AbortController();
  const left = visitor(gate, "leaves", inside, leaving.signal);
  const stays = visitor(gate, "stays", inside, new AbortController().signal);
  equal(gate.full, true);
  const reason = new Error("the client has left");
  leaving.abort(reason);
  await rejects(left, reason);
  equal(gate.full, false);
  place[Symbol.dispose]();
  (await stays)[Symbol.dispose]();
  deepEqual(inside, ["stays"]);
});

Deno.test("Gate does not let wait whose signal has been aborted before", async () => {
  const gate = new Gate({ concurrency: 1, queue: 1 });
  const place = await gate.enter();
  const reason = new Error("too late");
  await rejects(gate.enter(AbortSignal.abort(reason)), reason);
  equal(gate.full, false);
  place[Symbol.dispose]();
});

Deno.test("Gate is not disturbed by a signal that is aborted when its place was given already", async () => {
  const gate = new Gate({ concurrency: 1, queue: 1 });
  const first = await gate.enter();
  const controller = new AbortController();
  const waiting = gate.enter(controller.signal);
  first[Symbol.dispose]();
  const second = await waiting;
  controller.abort();
  equal(gate.full, false);
  const third = gate.enter();
  equal(gate.full, true, "the place was given up by a signal that came too late");
  second[Symbol.dispose]();
  (await third)[Symbol.dispose]();
});

Deno.test("Gate tells how many wait, whenever it changes", async () => {
  const counts: number[] = [];
  const gate = new Gate({ concurrency: 1, queue: 3, onWaiting: (count) => void counts.push(count) });
  const first = await gate.enter();
  const leaving = new AbortController();
  const left = gate.enter(leaving.signal);
  const second = gate.enter();
  leaving.abort(new Error("left"));
  await rejects(left);
  first[Symbol.dispose]();
  (await second)[Symbol.dispose]();
  (await gate.enter())[Symbol.dispose]();
  deepEqual(counts, [1, 2, 1, 0]);
});

Deno.test("overloaded() is the same refusal, for those who look before they enter", () => {
  equal(overloaded().status, 503);
  deepEqual(overloaded().headers, { "retry-after": "1" });
});
