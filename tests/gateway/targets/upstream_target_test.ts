/** Requests that go to servers of the file: which one has them, by which path, and what happens when one is gone. */

import { deepEqual, equal, throws } from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import type { Handler, RequestInfo } from "../../../src/http/handler.ts";
import type { UpstreamConfig } from "../../../src/gateway/config/target_model.ts";
import { upstreamTarget, type UpstreamTargetOptions } from "../../../src/gateway/targets/upstream_target.ts";
import { detail, seen } from "../../support/ask.ts";
import { EC, makePair } from "../../support/certificate.ts";
import { listen, type Listening } from "../../support/in_process.ts";
import { RawClient } from "../../support/raw_client.ts";
import { rawUpstream } from "../../support/upstream.ts";
import { within } from "../../support/within.ts";

/** A config; `urls` alone is enough. */
function config(urls: readonly string[], rest: Partial<UpstreamConfig> = {}): UpstreamConfig {
  return { kind: "upstream", urls, rewrite: undefined, hostField: undefined, ...rest };
}

/** Listens with the target. */
async function front(
  config: UpstreamConfig,
  options: UpstreamTargetOptions = {},
  params?: RequestInfo["params"],
): Promise<Listening> {
  const target = upstreamTarget(config, options);
  const server = await listen((request, info) => target(request, { ...info, params }), { upgrade: true });
  return {
    ...server,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await target[Symbol.asyncDispose]();
    },
  };
}

/** A URL at which nobody listens. */
async function nowhere(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

const echo: Handler = async (request) => {
  const { pathname, search } = new URL(request.url);
  return new Response(`${request.method} ${pathname}${search} ${await request.text()}`);
};

Deno.test("a request is passed on as it came", async () => {
  await using upstream = await listen(echo);
  await using server = await front(config([upstream.url]));
  equal((await seen(`${server.url}/a%2Fb//c?d=e`, { method: "POST", body: "f" })).body, "POST /a%2Fb//c?d=e f");
});

Deno.test("a base stands before the path, and a rewritten path has its parameters and the query", async () => {
  await using upstream = await listen(echo);
  await using based = await front(config([`${upstream.url}/base/`]));
  equal((await seen(`${based.url}/a?b`)).body, "GET /base/a?b ");
  const params = { id: "ä/b", rest: "c/d" };
  const rewrites = { "/v2/:id/*rest": "/v2/%C3%A4%2Fb/c/d?q=1", "/fixed?x={id}": "/fixed?x=%C3%A4%2Fb" };
  for (const [rewrite, path] of Object.entries(rewrites)) {
    await using server = await front(config([`${upstream.url}/base`], { rewrite }), {}, params);
    equal((await seen(`${server.url}/old?q=1`)).body, `GET /base${path} `);
  }
});

Deno.test("the upstream is told the client, its host or another one, and what it says of its way only if trusted", async () => {
  await using upstream = await listen(({ headers }) => {
    return new Response(["host", "x-forwarded-for", "x-forwarded-proto"].map((name) => headers.get(name)).join(" "));
  });
  const ask = async (hostField?: string, trustForwarded?: boolean) => {
    await using server = await front(config([upstream.url], { hostField }), { trustForwarded });
    const headers = { "x-forwarded-for": "10.0.0.1", "x-forwarded-proto": "https" };
    return (await seen(server.url, { headers })).body.replace(new URL(server.url).host, "HOST");
  };
  equal(await ask(), "HOST 127.0.0.1 http");
  equal(await ask("inner.example", true), "inner.example 10.0.0.1, 127.0.0.1 https");
});

Deno.test("requests are shared between upstreams", async () => {
  const counts = [0, 0];
  const counting = (index: number): Handler => () => new Response(String(counts[index]++));
  await using first = await listen(counting(0));
  await using second = await listen(counting(1));
  await using server = await front(config([first.url, second.url]));
  for (let i = 0; i < 40; i++) await seen(server.url);
  equal(counts[0] + counts[1], 40);
  equal(Math.min(...counts) > 4, true, String(counts));
});

Deno.test("one that can't be reached is passed over, with the body too", async () => {
  await using upstream = await listen(echo);
  await using server = await front(config([await nowhere(), upstream.url]));
  for (let i = 0; i < 6; i++) {
    deepEqual(await seen(server.url, { method: "POST", body: "whole" }), { status: 200, body: "POST / whole" });
  }
});

Deno.test("a request of which something was sent goes to nobody else", async () => {
  await using cutting = await rawUpstream(({ socket }) => socket.destroy());
  const urls = [`http://127.0.0.1:${cutting.port}`, `http://127.0.0.1:${cutting.port}`];
  await using server = await front(config(urls));
  deepEqual(await detail(server.url, { method: "POST", body: "once" }), [
    502,
    "The service broke off before it answered, or its answer was none of HTTP",
  ]);
  equal(cutting.connections.length, 1);
});

Deno.test("when none can be reached, the answer is 502", async () => {
  await using server = await front(config([await nowhere(), await nowhere()]));
  deepEqual(await detail(server.url), [502, "The service could not be reached"]);
});

Deno.test("an upstream may speak TLS, if its certificate is its own", async () => {
  const tls = await makePair(...EC);
  await using upstream = await listen(echo, { tls });
  const url = upstream.url.replace("http:", "https:");
  await using server = await front(config([url]), { ca: tls.cert });
  equal((await seen(`${server.url}/secure`)).body, "GET /secure ");
  await using wary = await front(config([url]));
  equal((await seen(`${wary.url}/secure`)).status, 502);
});

Deno.test("WebSockets go through", async () => {
  await using upstream = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => socket.send(`${new URL(request.url).pathname} ${data}`);
    return response;
  });
  await using server = await front(config([`http://127.0.0.1:${upstream.addr.port}`], { rewrite: "/chat/:room" }), {}, {
    room: "1",
  });
  const socket = new WebSocket(server.url.replace("http:", "ws:"));
  const message = new Promise<string>((resolve) => socket.onmessage = ({ data }) => resolve(data));
  socket.onopen = () => socket.send("hello");
  equal(await within("the message", message), "/chat/1 hello");
  const closed = new Promise((resolve) => socket.onclose = resolve);
  socket.close();
  await within("the end", closed);
});

Deno.test("connections are kept, and let go of with the target", async () => {
  const ports = new Set<number | undefined>();
  await using upstream = await rawUpstream((connection) => {
    ports.add(connection.socket.remotePort);
    connection.socket.write("HTTP/1.1 204 No Content\r\n\r\n");
  });
  const target = upstreamTarget(config([`http://127.0.0.1:${upstream.port}`]));
  await using server = await listen(target);
  for (let i = 0; i < 3; i++) equal((await seen(server.url)).status, 204);
  equal(ports.size, 1);
  const closed = new Promise((resolve) => upstream.connections[0].socket.once("close", resolve));
  await target[Symbol.asyncDispose]();
  await within("the connection closes", closed);
});

Deno.test("a client that leaves is noticed by the upstream", async () => {
  const gone = Promise.withResolvers<void>();
  const came = Promise.withResolvers<void>();
  await using upstream = await listen(({ signal }) => {
    signal.addEventListener("abort", () => gone.resolve());
    came.resolve();
    return new Promise(() => {});
  });
  await using server = await front(config([upstream.url]));
  {
    using client = await RawClient.connect(server.url);
    await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await within("the request comes", came.promise);
  }
  await within("the upstream notices", gone.promise);
});

Deno.test("a URL that is none of an upstream is refused", () => {
  for (const url of ["", "x", "ftp://x", "http://u:p@x", "http://x/?a", "http://x/#a"]) {
    throws(() => upstreamTarget(config([url])), TypeError, url);
  }
  throws(() => upstreamTarget(config(["http://x"], { rewrite: "//x" })), TypeError);
});
