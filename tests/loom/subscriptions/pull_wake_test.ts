import { deepEqual, equal, ok } from "node:assert/strict";
import { formatOffset } from "../../../src/loom/offset.ts";
import { until } from "../../support/within.ts";
import { Bench } from "./support.ts";

const pull = (more: object) => ({ type: "pull-wake", wake_stream: "wake/pool", lease_ttl_ms: 1000, ...more });

async function openPull(more: object = { pattern: "events/*" }): Promise<Bench> {
  const bench = await Bench.open();
  await bench.store.create("wake/pool", { contentType: "application/json" });
  equal((await bench.call("PUT", "subscriptions/p", pull(more))).status, 201);
  return bench;
}

const claim = (bench: Bench, worker = "worker-1") => bench.call("POST", "subscriptions/p/claim", { worker });

/** What a worker sends back for what it claimed. */
const report = ({ body }: { body: { wake_id: string; generation: number } }, more: object = {}) => ({
  wake_id: body.wake_id,
  generation: body.generation,
  ...more,
});

Deno.test("a wake is written to its stream, and the first worker to claim it gets the work", async () => {
  await using bench = await openPull();
  await bench.create("events/a", "hello");
  await until("the wake is written", async () => (await bench.wakes("wake/pool")).length === 1);
  const [event] = await bench.wakes("wake/pool");
  deepEqual({ ...event, ts: 0 }, { type: "wake", subscription_id: "p", stream: "events/a", generation: 1, ts: 0 });
  const claimed = await claim(bench);
  equal(claimed.status, 200);
  equal(claimed.body.generation, 1);
  equal(claimed.body.lease_ttl_ms, 1000);
  equal(claimed.body.streams[0].tail_offset, formatOffset(5));
  const busy = await claim(bench, "worker-2");
  equal(busy.status, 409);
  deepEqual({ ...busy.body.error, message: "" }, {
    code: "ALREADY_CLAIMED",
    message: "",
    current_holder: "worker-1",
    generation: 1,
  });
  const acks = [{ stream: "events/a", offset: formatOffset(5) }];
  const done = await bench.call(
    "POST",
    "subscriptions/p/ack",
    report(claimed, { acks, done: true }),
    claimed.body.token,
  );
  deepEqual(done, { status: 200, body: { ok: true, next_wake: false } });
  equal((await claim(bench)).body.error.code, "NO_PENDING_WORK");
  equal((await bench.wakes("wake/pool")).length, 1);
});

Deno.test("work that is given back, or whose worker falls silent, is offered again", async () => {
  await using bench = await openPull();
  await bench.create("events/a", "hello");
  const first = await claim(bench);
  const released = await bench.call("POST", "subscriptions/p/release", report(first), first.body.token);
  deepEqual(released, { status: 204, body: undefined });
  await until("it is offered again", async () => (await bench.wakes("wake/pool")).some((e) => e.generation === 2));
  const second = await claim(bench, "worker-2");
  equal(second.body.generation, 2);
  await until("the lease is over", async () => (await bench.wakes("wake/pool")).some((e) => e.generation === 3));
  const late = await bench.call("POST", "subscriptions/p/ack", report(second, { done: true }), second.body.token);
  equal(late.body.error.code, "FENCED");
  equal(
    (await bench.call("POST", "subscriptions/p/release", report(first), first.body.token)).body.error.code,
    "FENCED",
  );
});

Deno.test("a worker that shows that it lives keeps its lease", async () => {
  await using bench = await openPull();
  await bench.create("events/a", "hello");
  const claimed = await claim(bench);
  const started = performance.now();
  await until("longer than a lease has passed", async () => {
    const beat = await bench.call("POST", "subscriptions/p/ack", report(claimed), claimed.body.token);
    equal(beat.status, 200);
    return performance.now() - started > 1300;
  });
  equal((await claim(bench, "worker-2")).body.error.current_holder, "worker-1");
});

Deno.test("a subscription is never woken by its own wakes", async () => {
  await using bench = await openPull({ pattern: "**" });
  await bench.create("events/a", "hello");
  await until("the wake is written", async () => (await bench.wakes("wake/pool")).length === 1);
  const { body } = await bench.call("GET", "subscriptions/p");
  deepEqual(body.streams.map((stream: { path: string }) => stream.path), ["events/a"]);
  equal((await bench.call("POST", "subscriptions/p/streams", { streams: ["wake/pool"] })).status, 400);
});

Deno.test("a wake waits for its stream to be made", async () => {
  await using bench = await Bench.open();
  await bench.call("PUT", "subscriptions/p", pull({ pattern: "events/*" }));
  await bench.create("events/a", "hello");
  await until("writing it fails", () => bench.logged.some((line) => line.includes("could not be woken")));
  await bench.store.create("wake/pool", { contentType: "application/json" });
  await until("the wake is written", async () => (await bench.wakes("wake/pool")).length === 1);
});

Deno.test("a wake whose work has gone is over when it is claimed, and the next append wakes again", async () => {
  await using bench = await openPull();
  await bench.create("events/a", "hello");
  await until("the wake is written", async () => (await bench.wakes("wake/pool")).length === 1);
  await bench.store.delete("events/a");
  equal((await claim(bench)).body.error.code, "NO_PENDING_WORK");
  await bench.create("events/b", "hello");
  await until("it is woken again", async () => (await bench.wakes("wake/pool")).length === 2);
});

Deno.test("what is for one type is refused by the other", async () => {
  await using bench = await openPull();
  await bench.call("PUT", "subscriptions/w", {
    type: "webhook",
    streams: ["a"],
    webhook: { url: "https://a.example/" },
  });
  equal((await bench.call("POST", "subscriptions/w/claim", { worker: "x" })).body.error.code, "INVALID_REQUEST");
  equal((await bench.call("POST", "subscriptions/w/ack", {}, "x")).body.error.code, "INVALID_REQUEST");
  equal((await bench.call("POST", "subscriptions/p/callback", {}, "x")).body.error.code, "INVALID_REQUEST");
  equal((await bench.call("POST", "subscriptions/p/claim", {})).body.error.code, "INVALID_REQUEST");
  equal((await bench.call("POST", "subscriptions/p/claim", { worker: "" })).body.error.code, "INVALID_REQUEST");
  ok((await bench.call("GET", "subscriptions/p")).body.wake_stream);
});
