import { deepEqual, equal, ok } from "node:assert/strict";
import { formatOffset } from "../../../src/loom/offset.ts";
import type { SubscriptionKeeper } from "../../../src/loom/subscriptions/keeper.ts";
import { MemoryKeeper } from "../../../src/loom/subscriptions/memory_keeper.ts";
import { until } from "../../support/within.ts";
import { Bench, Receiver } from "./support.ts";

const pull = (more: object) => ({ type: "pull-wake", wake_stream: "wake", ...more });

/** A keeper that fails when told to, and counts. */
class Faulty implements SubscriptionKeeper {
  readonly inner = new MemoryKeeper();
  broken = false;
  saves = 0;

  load() {
    return this.inner.load();
  }
  secret(name: string, make: () => Promise<Uint8Array>) {
    return this.inner.secret(name, make);
  }
  save(id: string, document: unknown) {
    this.saves++;
    return this.broken ? Promise.reject(new Error("disk on fire")) : this.inner.save(id, document);
  }
}

const keys = (keeper: SubscriptionKeeper) => Array.fromAsync(keeper.load(), ([key]) => key.replace("\0", " "));

Deno.test("subscriptions, offsets, generations and tokens outlive the server", async () => {
  await using bench = await Bench.open();
  await bench.create("events/old", "12345");
  await bench.call("PUT", "subscriptions/s", pull({ pattern: "events/*", streams: ["named"], description: "mine" }));
  await bench.create("events/a", "hello");
  await bench.create("events/b", "hello");
  const { wake_id, generation, token } = (await bench.call("POST", "subscriptions/s/claim", { worker: "w" })).body;
  const ack = (offset: number, done: boolean) =>
    bench.call("POST", "subscriptions/s/ack", {
      wake_id,
      generation,
      acks: [{ stream: "events/a", offset: formatOffset(offset) }],
      done,
    }, token);
  equal((await ack(3, false)).status, 200);
  const before = await bench.call("GET", "subscriptions/s");
  const keysBefore = (await bench.call("GET", "jwks.json")).body;
  await bench.restart(async () => await bench.create("events/while-down", "x"));
  const after = await bench.call("GET", "subscriptions/s");
  const byPath = (streams: { path: string }[]) => streams.sort((a, b) => a.path < b.path ? -1 : 1);
  deepEqual({ ...after.body, streams: [] }, { ...before.body, streams: [] });
  deepEqual(
    byPath(after.body.streams),
    byPath([...before.body.streams, { path: "events/while-down", link_type: "glob", acked_offset: "-1" }]),
  );
  deepEqual((await bench.call("GET", "jwks.json")).body, keysBefore);
  equal((await bench.call("POST", "subscriptions/s/claim", { worker: "x" })).body.error.current_holder, "w");
  deepEqual((await ack(5, true)).body, { ok: true, next_wake: true });
  equal((await bench.call("POST", "subscriptions/s/claim", { worker: "x" })).body.generation, generation + 1);
});

Deno.test("a lease that ended while the server was down is over when it is back", async () => {
  await using bench = await Bench.open();
  await bench.store.create("wake", { contentType: "application/json" });
  await bench.call("PUT", "subscriptions/s", pull({ streams: ["a"], lease_ttl_ms: 1000 }));
  await bench.create("a", "hello");
  await bench.call("POST", "subscriptions/s/claim", { worker: "w" });
  const wakes = (await bench.wakes("wake")).length;
  const claimedAt = performance.now();
  await bench.restart(() => until("the lease is over", () => performance.now() - claimedAt > 1050));
  await until("it is woken again", async () => (await bench.wakes("wake")).length > wakes);
});

Deno.test("a retry that was planned keeps its time over a restart", async () => {
  let failing = true;
  await using receiver = await Receiver.open(() => new Response(null, { status: failing ? 500 : 200 }));
  await using bench = await Bench.open();
  await bench.call("PUT", "subscriptions/s", { type: "webhook", streams: ["a"], webhook: { url: receiver.url } });
  await bench.create("a", "hello");
  let failedAt = 0;
  const status = async () => (await bench.call("GET", "subscriptions/s")).body.status;
  await until("it failed", async () => {
    failedAt = performance.now(); // or a little later, which makes the wait seem shorter
    return await status() === "failed";
  });
  failing = false;
  await bench.restart();
  const before = receiver.hooks.length;
  while (receiver.hooks.length <= before) await receiver.take();
  ok(performance.now() - failedAt > 500);
  equal(await status(), "active");
});

Deno.test("a subscription that was deleted leaves nothing behind, and its tokens are void", async () => {
  await using bench = await Bench.open();
  await bench.create("events/old", "12345");
  await bench.call("PUT", "subscriptions/s", pull({ pattern: "events/*" }));
  await bench.create("events/a", "hello");
  const { token, wake_id, generation } = (await bench.call("POST", "subscriptions/s/claim", { worker: "w" })).body;
  equal((await keys(bench.keeper)).sort().join(), "s,s events/old");
  equal((await bench.call("DELETE", "subscriptions/s")).status, 204);
  equal((await bench.call("DELETE", "subscriptions/s")).status, 204);
  deepEqual(await keys(bench.keeper), []);
  const late = { wake_id, generation, done: true };
  equal((await bench.call("POST", "subscriptions/s/ack", late, token)).status, 404);
  await bench.call("PUT", "subscriptions/s", pull({ pattern: "events/*" }));
  equal((await bench.call("POST", "subscriptions/s/ack", late, token)).body.error.code, "TOKEN_INVALID");
});

Deno.test("links that a crash left of a deleted subscription are not taken for another's", async () => {
  await using bench = await Bench.open();
  await bench.create("events/a", "12345");
  await bench.call("PUT", "subscriptions/s", pull({ pattern: "events/*" }));
  await bench.keeper.save("s\0events/a", { birth: "another's", explicit: true, number: 1, acked: 5 });
  await bench.keeper.save("s\0left", { birth: "another's", explicit: true, number: 1, acked: 5 });
  await bench.keeper.save("gone\0left", { birth: "another's", explicit: true, number: 1, acked: 5 });
  await bench.restart();
  const { body } = await bench.call("GET", "subscriptions/s");
  deepEqual(body.streams, [{ path: "events/a", link_type: "glob", acked_offset: "-1" }]);
  await until("they are erased", async () => (await keys(bench.keeper)).join() === "s");
});

Deno.test("a subscription of another version is left out and left alone", async () => {
  const keeper = new MemoryKeeper();
  await keeper.save("s", { version: 2, shape: "unknown" });
  await keeper.save("s\0a", { birth: "b", explicit: true, number: 1, acked: 5 });
  await using bench = await Bench.open({ keeper });
  equal((await bench.call("GET", "subscriptions/s")).status, 404);
  deepEqual((await keys(keeper)).sort(), ["s", "s a"]);
  ok(bench.logged.some((line) => line.includes("left out")));
});

Deno.test("what can't be stored is not answered as done, and is stored when that is possible again", async () => {
  const keeper = new Faulty();
  await using bench = await Bench.open({ keeper });
  keeper.broken = true;
  const request = pull({ streams: ["a"] });
  const refused = await bench.call("PUT", "subscriptions/s", request);
  deepEqual([refused.status, refused.body.error.code], [503, "UNAVAILABLE"]);
  ok(!JSON.stringify(refused.body).includes("fire"));
  keeper.broken = false;
  equal((await bench.call("PUT", "subscriptions/s", request)).status, 200);
  deepEqual((await keys(keeper)).sort(), ["s", "s a"]);
});

Deno.test("no wake is told before its generation is stored", async () => {
  const keeper = new Faulty();
  await using bench = await Bench.open({ keeper });
  await bench.store.create("wake", { contentType: "application/json" });
  await bench.call("PUT", "subscriptions/s", pull({ streams: ["a"] }));
  keeper.broken = true;
  await bench.create("a", "hello");
  await until("it fails", () => bench.logged.some((line) => line.includes("could not be woken")));
  deepEqual(await bench.wakes("wake"), []);
  keeper.broken = false;
  await until("it is told", async () => (await bench.wakes("wake")).length === 1);
});

Deno.test("appends cost no writes while a wake is under way, and streams that only a pattern finds cost none at all", async () => {
  const keeper = new Faulty();
  await using bench = await Bench.open({ keeper });
  await bench.store.create("wake", { contentType: "application/json" });
  await bench.call("PUT", "subscriptions/s", pull({ pattern: "events/*" }));
  await bench.create("events/first", "hello");
  await until("it is told", async () => (await bench.wakes("wake")).length === 1);
  const { saves } = keeper;
  for (let i = 0; i < 50; i++) {
    await bench.append("events/first", "more");
    await bench.create(`events/${i}`, "hello");
    await bench.create(`other/${i}`, "hello");
  }
  equal(keeper.saves, saves);
});
