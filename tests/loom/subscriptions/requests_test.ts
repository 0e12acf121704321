import { deepEqual, equal, match, ok } from "node:assert/strict";
import { serveHttp } from "../../../src/http/node_server.ts";
import { limits } from "../../../src/limits.ts";
import { isOpen } from "../../../src/loom/subscriptions/control_route.ts";
import { subscriptionHandler } from "../../../src/loom/subscriptions/subscription_handler.ts";
import { BASE, Bench } from "./support.ts";

const good = { type: "webhook", pattern: "events/*", webhook: { url: "https://worker.example/hook" } };

Deno.test("a subscription is made once, found again when asked for the same way, and refused otherwise", async () => {
  await using bench = await Bench.open();
  const request = { ...good, streams: ["b", "a"], description: "mine", lease_ttl_ms: 5000 };
  const made = await bench.call("PUT", "subscriptions/s", request);
  equal(made.status, 201);
  match(made.body.webhook.signing.kid, /^ds_/);
  deepEqual({ ...made.body, created_at: "", webhook: "" }, {
    id: "s",
    subscription_id: "s",
    type: "webhook",
    pattern: "events/*",
    streams: ["a", "b"].map((path) => ({ path, link_type: "explicit", acked_offset: "-1" })),
    webhook: "",
    lease_ttl_ms: 5000,
    created_at: "",
    status: "active",
    description: "mine",
  });
  equal(made.body.webhook.signing.jwks_url, `${BASE}/v1/stream/__ds/jwks.json`);
  const again = { ...request, streams: ["/a/", "b", "b"] };
  deepEqual(await bench.call("PUT", "subscriptions/s", again), { status: 200, body: made.body });
  deepEqual((await bench.call("GET", "subscriptions/s")).body, made.body);
  for (const other of [{ ...request, lease_ttl_ms: 6000 }, { ...request, streams: ["a"] }, good]) {
    equal((await bench.call("PUT", "subscriptions/s", other)).body.error.code, "SUBSCRIPTION_ALREADY_EXISTS");
  }
});

Deno.test("requests that are not what they should be are refused, each with its reason", async () => {
  await using bench = await Bench.open();
  const wrong: unknown[] = [
    ...["", "[]", "null", "1", "{", '{"type":', "\ud800", "{}"],
    { ...good, type: "smoke-signal" },
    { ...good, pattern: undefined },
    ...[1, "", "a*", "**x", "/", "x/".repeat(40), "p".repeat(2000)].map((pattern) => ({ ...good, pattern })),
    ...[1, "a", [1], [""], ["/"], ["a/../b"], ["a//b"], ["a\0b"], ["__ds/x"], ["x".repeat(1025)]].map((streams) => ({
      ...good,
      streams,
    })),
    ...[999, 600_001, 1.5, "1000", null, NaN].map((lease_ttl_ms) => ({ ...good, lease_ttl_ms })),
    ...[undefined, {}, [], "https://a.example", { url: 1 }, { url: "" }].map((webhook) => ({ ...good, webhook })),
    ...[1, "x".repeat(2000)].map((description) => ({ ...good, description })),
    { type: "pull-wake", pattern: "a" },
    { type: "pull-wake", streams: ["wake"], wake_stream: "wake" },
  ];
  for (const body of wrong) {
    const answer = await bench.call("PUT", "subscriptions/s", body);
    deepEqual([answer.status, answer.body.error.code], [400, "INVALID_REQUEST"], JSON.stringify(body));
    ok(answer.body.error.message);
  }
  equal((await bench.call("PUT", "subscriptions/s", { ...good, webhook: { url: "http://10.0.0.1/" } })).status, 400);
  equal((await bench.call("GET", "subscriptions/s")).body.error.code, "SUBSCRIPTION_NOT_FOUND");
});

Deno.test("reports that are not what they should be are refused before anything comes of them", async () => {
  await using bench = await Bench.open();
  await bench.call("PUT", "subscriptions/p", { type: "pull-wake", wake_stream: "wake", streams: ["a"] });
  await bench.create("a", "hello");
  const { token, wake_id, generation } = (await bench.call("POST", "subscriptions/p/claim", { worker: "w" })).body;
  const report = (more: object) => bench.call("POST", "subscriptions/p/ack", { wake_id, generation, ...more }, token);
  for (
    const more of [{ acks: {} }, { acks: [1] }, { acks: [{ stream: "a" }] }, { acks: [{ offset: "-1" }] }, { done: 1 }]
  ) {
    equal((await report(more)).body.error.code, "INVALID_REQUEST", JSON.stringify(more));
  }
  for (const more of [{ generation: "1" }, { generation: 2 }, { generation: undefined }, { wake_id: "w" }]) {
    equal((await report(more)).body.error.code, "FENCED", JSON.stringify(more));
  }
  equal((await report({})).status, 200);
});

Deno.test("paths and methods that there are not are refused, and ids are bounded", async () => {
  await using bench = await Bench.open();
  const code = async (method: string, path: string) => (await bench.call(method, path)).body.error.code;
  for (
    const path of ["", "subscriptions", "subscriptions/", "x", "subscriptions/s/nothing", "subscriptions/s/claim/x"]
  ) {
    equal(await code("GET", path), "NOT_FOUND", path);
  }
  equal(await code("GET", `subscriptions/${"x".repeat(257)}`), "INVALID_REQUEST");
  equal(await code("GET", "subscriptions/a%00b"), "INVALID_REQUEST");
  equal(await code("GET", "subscriptions/%ff"), "INVALID_REQUEST");
  equal(await code("GET", "subscriptions/__proto__"), "SUBSCRIPTION_NOT_FOUND");
  equal(await code("POST", "subscriptions/s/claim"), "INVALID_REQUEST");
  equal(await code("POST", "subscriptions/s/ack"), "SUBSCRIPTION_NOT_FOUND");
  equal(await code("POST", "subscriptions/s"), "METHOD_NOT_ALLOWED");
  const response = await bench.handler(new Request(`${BASE}/v1/stream/__ds/jwks.json`, { method: "DELETE" }));
  equal(response.status, 405);
  equal(response.headers.get("allow"), "GET");
});

Deno.test("ids may hold slashes and letters of any script", async () => {
  await using bench = await Bench.open();
  const path = `subscriptions/${encodeURIComponent("team/größe:1")}`;
  equal((await bench.call("PUT", path, good)).status, 201);
  equal((await bench.call("GET", path)).body.id, "team/größe:1");
  await bench.restart();
  equal((await bench.call("GET", path)).body.id, "team/größe:1");
});

Deno.test("a body that is too large is refused, whether it says so or not", async () => {
  await using bench = await Bench.open();
  await using server = await serve(bench);
  const url = `${server.url}/v1/stream/__ds/subscriptions/s`;
  const large = new Uint8Array(limits.subscriptionBodyBytes + 1).fill(32);
  const said = await fetch(url, { method: "PUT", body: large });
  deepEqual([said.status, (await said.json()).error.code], [413, "BODY_TOO_LARGE"]);
  const unsaid = await fetch(url, { method: "PUT", body: new Blob([large]).stream() });
  deepEqual([unsaid.status, (await unsaid.json()).error.code], [413, "BODY_TOO_LARGE"]);
});

Deno.test("there are only so many subscriptions", async () => {
  await using bench = await Bench.open();
  for (let i = 0; i < limits.subscriptions; i++) await bench.call("PUT", `subscriptions/${i}`, good);
  equal((await bench.call("PUT", "subscriptions/more", good)).body.error.code, "LIMIT_EXCEEDED");
  equal((await bench.call("PUT", "subscriptions/7", good)).status, 200);
});

Deno.test("without a fixed URL, callbacks are told to come where the request came", async () => {
  await using bench = await Bench.open();
  await using handler = await subscriptionHandler({ store: bench.store, keeper: bench.keeper });
  const url = "https://streams.example:8443/v1/stream/__ds/subscriptions/s";
  const response = await handler(new Request(url, { method: "PUT", body: JSON.stringify(good) }));
  equal((await response.json()).webhook.signing.jwks_url, "https://streams.example:8443/v1/stream/__ds/jwks.json");
});

Deno.test("only what carries its own token, or is public, is open without the server's", () => {
  const path = "/v1/stream/__ds/";
  for (const action of ["callback", "ack", "release"]) ok(isOpen("POST", `${path}subscriptions/s/${action}`));
  ok(isOpen("GET", `${path}jwks.json`));
  for (const rest of ["subscriptions/s", "subscriptions/s/claim", "subscriptions/s/streams", "subscriptions/a/b/ack"]) {
    ok(!isOpen("POST", path + rest), rest);
  }
  ok(!isOpen("GET", `${path}subscriptions/s/ack`));
  ok(!isOpen("POST", "/v1/stream/subscriptions/s/ack"));
});

async function serve(bench: Bench): Promise<AsyncDisposable & { url: string }> {
  const server = await serveHttp(bench.handler, { hostname: "127.0.0.1", port: 0 });
  return { url: `http://127.0.0.1:${server.port}`, [Symbol.asyncDispose]: () => server.close(0) };
}
