import { deepEqual, equal, match } from "node:assert/strict";
import { limits } from "../../../src/limits.ts";
import { formatOffset } from "../../../src/loom/offset.ts";
import { until } from "../../support/within.ts";
import { Bench } from "./support.ts";

const pull = (more: object) => ({ type: "pull-wake", wake_stream: "wake", ...more });

/** The streams of a subscription, in order: path, how it is linked, up to where it is acknowledged. */
async function streamsOf(bench: Bench, id: string): Promise<string[]> {
  const { body } = await bench.call("GET", `subscriptions/${id}`);
  return body.streams.map((stream: Record<string, string>) =>
    `${stream.path} ${stream.link_type} ${stream.acked_offset.replace(/^[0_]+(?=.)/, "")}`
  ).sort();
}

Deno.test("streams that are there are linked where they end, and later ones from their beginning", async () => {
  await using bench = await Bench.open();
  await bench.create("events/old", "12345");
  await bench.create("other", "12345");
  await bench.call("PUT", "subscriptions/s", pull({ pattern: "events/**", streams: ["other", "nothing/yet"] }));
  await bench.create("events/a/new", "12345");
  deepEqual(await streamsOf(bench, "s"), [
    "events/a/new glob -1",
    "events/old glob 5",
    "nothing/yet explicit -1",
    "other explicit 5",
  ]);
});

Deno.test("streams are added and removed by name, and a pattern holds what it matches", async () => {
  await using bench = await Bench.open();
  await bench.create("events/a", "12345");
  await bench.call("PUT", "subscriptions/s", pull({ pattern: "events/*" }));
  equal((await bench.call("POST", "subscriptions/s/streams", { streams: ["/events/a", "b/c", "b/c"] })).status, 204);
  deepEqual(await streamsOf(bench, "s"), ["b/c explicit -1", "events/a explicit 5"]);
  equal((await bench.call("DELETE", "subscriptions/s/streams/b/c")).status, 204);
  equal((await bench.call("DELETE", `subscriptions/s/streams/${encodeURIComponent("events/a")}`)).status, 204);
  equal((await bench.call("DELETE", "subscriptions/s/streams/never")).status, 204);
  deepEqual(await streamsOf(bench, "s"), ["events/a glob 5"]);
});

Deno.test("a stream that is deleted is linked no more, unless it was named, and one made anew is another", async () => {
  await using bench = await Bench.open();
  await bench.create("events/a", "12345");
  await bench.create("events/b", "12345");
  await bench.call("PUT", "subscriptions/s", pull({ pattern: "events/*", streams: ["events/b"] }));
  await bench.store.delete("events/a");
  await bench.store.delete("events/b");
  deepEqual(await streamsOf(bench, "s"), ["events/b explicit -1"]);
  await bench.create("events/a", "1");
  await bench.create("events/b", "1");
  deepEqual(await streamsOf(bench, "s"), ["events/a glob -1", "events/b explicit -1"]);
  await bench.store.create("wake", { contentType: "application/json" });
  await until("the new ones are told of", async () => (await bench.wakes("wake")).length > 0);
});

Deno.test("a stream that replaces another is read from its beginning", async () => {
  await using bench = await Bench.open();
  await bench.create("events/a", "12345");
  await bench.call("PUT", "subscriptions/s", pull({ pattern: "events/*" }));
  await bench.store.create("events/a", { contentType: "text/plain", bytes: new Uint8Array(3), force: true });
  deepEqual(await streamsOf(bench, "s"), ["events/a glob -1"]);
  const claimed = await bench.call("POST", "subscriptions/s/claim", { worker: "w" });
  equal(claimed.body.streams[0].tail_offset, formatOffset(3));
});

Deno.test("more streams than a wake tells of follow in the next", async () => {
  await using bench = await Bench.open();
  await bench.call("PUT", "subscriptions/s", pull({ pattern: "events/*" }));
  for (let i = 0; i < limits.wakeStreams + 10; i++) await bench.create(`events/${i}`, "1");
  const tell = async () => (await bench.call("POST", "subscriptions/s/claim", { worker: "w" })).body;
  const first = await tell();
  equal(first.streams.length, limits.wakeStreams);
  const acks = first.streams.map(({ path, tail_offset }: Record<string, string>) => ({
    stream: path,
    offset: tail_offset,
  }));
  const { wake_id, generation, token } = first;
  const answer = await bench.call("POST", "subscriptions/s/ack", { wake_id, generation, acks, done: true }, token);
  deepEqual(answer.body, { ok: true, next_wake: true });
  const second = await tell();
  equal(second.streams.filter((stream: { has_pending: boolean }) => stream.has_pending).length, 10);
});

Deno.test("a subscription that would have too many streams is refused, and one that grows is kept in bounds", async () => {
  await using bench = await Bench.open();
  await bench.call("PUT", "subscriptions/grows", pull({ pattern: "many/*" }));
  for (let i = 0; i <= limits.subscriptionStreams; i++) await bench.create(`many/${i}`);
  const refused = await bench.call("PUT", "subscriptions/s", pull({ pattern: "many/*" }));
  deepEqual([refused.status, refused.body.error.code], [507, "LIMIT_EXCEEDED"]);
  equal((await bench.call("GET", "subscriptions/s")).status, 404);
  equal((await streamsOf(bench, "grows")).length, limits.subscriptionStreams);
  match(bench.logged.join(), /too many streams/);
  equal((await bench.call("POST", "subscriptions/grows/streams", { streams: ["one/more"] })).status, 507);
  equal((await bench.call("DELETE", "subscriptions/grows")).status, 204);
  equal((await bench.call("PUT", "subscriptions/s", pull({ pattern: "many/1" }))).status, 201);
});
