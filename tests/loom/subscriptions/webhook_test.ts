import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { Buffer } from "node:buffer";
import { limits } from "../../../src/limits.ts";
import { formatOffset } from "../../../src/loom/offset.ts";
import { until, within } from "../../support/within.ts";
import { BASE, Bench, type Hook, Receiver } from "./support.ts";

const webhook = (url: string, more: object = {}) => ({
  type: "webhook",
  webhook: { url },
  lease_ttl_ms: 1000,
  ...more,
});

/** What a worker sends back for a wake. */
const report = ({ body }: Hook, more: object) => ({ wake_id: body.wake_id, generation: body.generation, ...more });

Deno.test("a webhook is told of what is new, signed, and may acknowledge all of it in its answer", async () => {
  await using bench = await Bench.open();
  await using receiver = await Receiver.open(() => Response.json({ done: true }));
  await bench.create("events/old", "long past");
  equal((await bench.call("PUT", "subscriptions/s", webhook(receiver.url, { pattern: "events/*" }))).status, 201);
  await bench.create("events/new", "hello");
  const { body, text, headers } = await receiver.take();
  deepEqual([body.subscription_id, body.generation], ["s", 1]);
  equal(body.callback_url, `${BASE}/v1/stream/__ds/subscriptions/s/callback`);
  deepEqual(body.streams, [
    { path: "events/new", link_type: "glob", acked_offset: "-1", tail_offset: formatOffset(5), has_pending: true },
    {
      path: "events/old",
      link_type: "glob",
      acked_offset: formatOffset(9),
      tail_offset: formatOffset(9),
      has_pending: false,
    },
  ]);
  const { keys: [jwk] } = (await bench.call("GET", "jwks.json")).body;
  const [, seconds, kid, signature] = /^t=(\d+),kid=(.+),ed25519=([\w-]+)$/.exec(headers.get("webhook-signature")!)!;
  equal(kid, jwk.kid);
  const key = createPublicKey({ key: jwk, format: "jwk" });
  ok(verify(null, Buffer.from(`${seconds}.${text}`), key, Buffer.from(signature, "base64url")));
  await until("the stream is acknowledged", async () => await bench.acked("s", "events/new") === formatOffset(5));
  equal(receiver.hooks.length, 1);
});

Deno.test("what comes while a webhook is under way is told in the next wake, once", async () => {
  await using bench = await Bench.open();
  const hold = Promise.withResolvers<void>();
  await using receiver = await Receiver.open(async (_, count) => {
    if (count === 1) await hold.promise;
    return Response.json({ done: true });
  });
  await bench.call("PUT", "subscriptions/s", webhook(receiver.url, { streams: ["log"] }));
  await bench.create("log", "one");
  equal((await receiver.take()).body.streams[0].tail_offset, formatOffset(3));
  for (let i = 0; i < 20; i++) await bench.append("log", "more");
  hold.resolve();
  const second = await receiver.take();
  equal(second.body.generation, 2);
  equal(second.body.streams[0].acked_offset, formatOffset(3));
  equal(second.body.streams[0].tail_offset, formatOffset(83));
  await until("all is acknowledged", async () => await bench.acked("s", "log") === formatOffset(83));
  equal(receiver.hooks.length, 2);
});

Deno.test("a webhook may call back later, and is refused once its wake is over", async () => {
  await using bench = await Bench.open();
  await using receiver = await Receiver.open();
  await bench.call("PUT", "subscriptions/s", webhook(receiver.url, { streams: ["log"] }));
  await bench.create("log", "hello");
  const hook = await receiver.take();
  const callback = (body: object, token = hook.body.callback_token) =>
    bench.call("POST", "subscriptions/s/callback", body, token);
  const half = report(hook, { acks: [{ stream: "log", offset: formatOffset(2) }] });
  deepEqual(await callback(half), { status: 200, body: { ok: true, next_wake: false } });
  equal(await bench.acked("s", "log"), formatOffset(2));
  const all = report(hook, { acks: [{ stream: "log", offset: formatOffset(5) }], done: true });
  deepEqual((await callback(all)).body, { ok: true, next_wake: false });
  const stale = await callback(all);
  deepEqual([stale.status, stale.body.error.code], [409, "FENCED"]);
  await bench.append("log", "!");
  const next = await receiver.take();
  notEqual(next.body.callback_token, hook.body.callback_token);
  equal((await callback(report(next, { done: true }))).body.error.code, "FENCED");
  equal((await callback(report(next, { done: true }), "forged")).status, 401);
  equal((await bench.call("POST", "subscriptions/s/callback", {})).body.error.code, "TOKEN_INVALID");
});

Deno.test("a callback that leaves work undone is answered that the next wake follows", async () => {
  await using bench = await Bench.open();
  await using receiver = await Receiver.open();
  await bench.call("PUT", "subscriptions/s", webhook(receiver.url, { streams: ["log"] }));
  await bench.create("log", "hello");
  const hook = await receiver.take();
  const answer = await bench.call(
    "POST",
    "subscriptions/s/callback",
    report(hook, { done: true }),
    hook.body.callback_token,
  );
  deepEqual(answer.body, { ok: true, next_wake: true });
  equal((await receiver.take()).body.generation, 2);
});

Deno.test("offsets are acknowledged forwards, as far as the stream goes, all of them or none", async () => {
  await using bench = await Bench.open();
  await using receiver = await Receiver.open();
  await bench.call("PUT", "subscriptions/s", webhook(receiver.url, { streams: ["a", "b"] }));
  await bench.create("a", "hello");
  const hook = await receiver.take();
  const ack = async (...acks: [stream: string, offset: string][]) => {
    const body = report(hook, { acks: acks.map(([stream, offset]) => ({ stream, offset })) });
    const answer = await bench.call("POST", "subscriptions/s/callback", body, hook.body.callback_token);
    return answer.status === 200 ? "ok" : answer.body.error.code;
  };
  equal(await ack(["a", formatOffset(3)]), "ok");
  for (const wrong of [formatOffset(2), formatOffset(6), "-1", "now", "", "x", "9".repeat(40)]) {
    equal(await ack(["a", formatOffset(5)], ["a", wrong]), "INVALID_OFFSET", wrong);
  }
  equal(await ack(["other", formatOffset(0)]), "INVALID_OFFSET");
  equal(await ack(["a", formatOffset(3)]), "ok");
  equal(await bench.acked("s", "a"), formatOffset(3));
});

Deno.test("a webhook that says nothing after its answer is woken again when its lease is over", async () => {
  await using bench = await Bench.open();
  await using receiver = await Receiver.open();
  await bench.call("PUT", "subscriptions/s", webhook(receiver.url, { streams: ["log"] }));
  await bench.create("log", "hello");
  const first = await receiver.take();
  const second = await receiver.take();
  equal(second.body.generation, 2);
  notEqual(second.body.wake_id, first.body.wake_id);
  const late = report(first, { done: true });
  equal((await bench.call("POST", "subscriptions/s/callback", late, first.body.callback_token)).status, 409);
});

Deno.test("a webhook that fails is tried again with the same wake, and the subscription says so meanwhile", async () => {
  await using bench = await Bench.open();
  let noted = false;
  await using receiver = await Receiver.open(() =>
    noted ? Response.json({ done: true }) : new Response("", { status: 500 })
  );
  await bench.call("PUT", "subscriptions/s", webhook(receiver.url, { streams: ["log"] }));
  await bench.create("log", "hello");
  const status = async () => (await bench.call("GET", "subscriptions/s")).body.status;
  await until("the failure is noted", async () => await status() === "failed");
  noted = true;
  await until("it is acknowledged", async () => await bench.acked("s", "log") === formatOffset(5));
  equal(await status(), "active");
  const tokens = new Set(receiver.hooks.map(({ body }) => `${body.wake_id} ${body.generation} ${body.callback_token}`));
  ok(receiver.hooks.length > 1 && tokens.size === 1);
  match(bench.logged.join(), /could not be woken.*It answered 500/);
});

Deno.test("a webhook is led nowhere by a redirect, and its endless answer is not read", async () => {
  await using bench = await Bench.open();
  await using elsewhere = await Receiver.open();
  await using receiver = await Receiver.open((_, count) => {
    if (count === 1) return new Response(null, { status: 307, headers: { location: elsewhere.url } });
    return new Response("x".repeat(limits.webhookAnswerBytes * 4));
  });
  await bench.call("PUT", "subscriptions/s", webhook(receiver.url, { streams: ["log"] }));
  await bench.create("log", "hello");
  await receiver.take();
  const second = await receiver.take();
  match(bench.logged.join(), /It answered 307/);
  equal(elsewhere.hooks.length, 0);
  await until(
    "the long answer counts as one",
    async () => (await bench.call("GET", "subscriptions/s")).body.status === "active",
  );
  const done = report(second, { done: true, acks: [{ stream: "log", offset: formatOffset(5) }] });
  equal((await bench.call("POST", "subscriptions/s/callback", done, second.body.callback_token)).status, 200);
});

Deno.test("a webhook that never answers is given up when its lease would be over", async () => {
  await using bench = await Bench.open();
  const never = Promise.withResolvers<Response>();
  await using receiver = await Receiver.open(() => never.promise);
  await bench.call("PUT", "subscriptions/s", webhook(receiver.url, { streams: ["log"] }));
  await bench.create("log", "hello");
  await receiver.take();
  await until("it is given up", () => bench.logged.some((line) => line.includes("did not answer in time")));
  never.resolve(new Response());
});

Deno.test("a server that stops does not wait for webhooks, and takes up their wakes when it is back", async () => {
  await using bench = await Bench.open();
  const never = Promise.withResolvers<Response>();
  await using receiver = await Receiver.open((_, count) => count === 1 ? never.promise : Response.json({ done: true }));
  await bench.call("PUT", "subscriptions/s", webhook(receiver.url, { streams: ["log"], lease_ttl_ms: 600_000 }));
  await bench.create("log", "hello");
  const first = await receiver.take();
  await within("the server stops", bench.restart());
  never.resolve(new Response());
  const second = await receiver.take();
  equal(second.body.wake_id, first.body.wake_id);
  await until("it is acknowledged", async () => await bench.acked("s", "log") === formatOffset(5));
});
