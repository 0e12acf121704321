/** Upstreams that speak TLS: whom they have to be, and that all else goes as it does without. */

import { deepEqual, equal } from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import { bytesResponse } from "../../src/http/bytes_response.ts";
import type { ForwardError } from "../../src/http/forward_error.ts";
import { UpstreamPool, type UpstreamTls } from "../../src/http/forward_pool.ts";
import type { Handler } from "../../src/http/handler.ts";
import type { ServeOptions } from "../../src/http/node_server.ts";
import { takeOver } from "../../src/http/upgrade.ts";
import { seen } from "../support/ask.ts";
import { EC, makePair } from "../support/certificate.ts";
import { type Front, front } from "../support/front.ts";
import { listen, type Listening } from "../support/in_process.ts";
import { RawClient } from "../support/raw_client.ts";
import { rawUpstream } from "../support/upstream.ts";
import { within } from "../support/within.ts";

const pair = await makePair(...EC);
const other = await makePair(...EC);

/** How a test reaches its upstream. */
interface Way {
  readonly tls?: UpstreamTls;
  readonly host?: string;
  readonly pool?: UpstreamPool;
  readonly server?: Partial<ServeOptions>;
}

/** Serves a handler over TLS, behind a front. */
async function behindTls(handler: Handler, way: Way = {}): Promise<Front & { readonly upstream: Listening }> {
  const { host = "127.0.0.1", tls = { ca: pair.cert }, pool, server } = way;
  const upstream = await listen(handler, { tls: pair, upgrade: true, ...server });
  const before = await front({ host, port: Number(new URL(upstream.url).port), tls }, { pool });
  const close = before[Symbol.asyncDispose];
  return Object.assign(before, {
    upstream,
    [Symbol.asyncDispose]: async () => {
      await close();
      await upstream[Symbol.asyncDispose]();
    },
  });
}

for (const host of ["127.0.0.1", "localhost"]) {
  Deno.test(`requests go to an upstream over TLS whose host is ${host}`, async () => {
    const handler: Handler = async (request) => new Response(`${request.url.split(":")[0]} ${await request.text()}`);
    await using server = await behindTls(handler, { host });
    deepEqual(await seen(server.url, { method: "POST", body: "hello" }), { status: 200, body: "https hello" });
    deepEqual(await seen(server.url), { status: 200, body: "https " });
  });
}

Deno.test("large bodies go both ways over TLS", async () => {
  await using server = await behindTls((request) => new Response(request.body));
  const body = crypto.getRandomValues(new Uint8Array(65_536)).toBase64().repeat(32);
  equal((await seen(server.url, { method: "POST", body })).body, body);
});

Deno.test("connections over TLS are kept", async () => {
  const ports = new Set<number | undefined>();
  using pool = new UpstreamPool();
  await using server = await behindTls((_request, info) => {
    ports.add(info?.remoteAddr?.port);
    return bytesResponse(new TextEncoder().encode("fine"), {});
  }, { pool });
  for (let i = 0; i < 5; i++) equal((await seen(server.url)).body, "fine");
  equal(ports.size, 1);
});

Deno.test("a WebSocket goes through to an upstream that speaks TLS", async () => {
  await using server = await behindTls(() =>
    takeOver(({ socket }) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
      socket.pipe(socket);
    })
  );
  using client = await RawClient.connect(server.url);
  await client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  equal((await client.head()).status, 101);
  await client.send("there and back");
  await client.until("there and back");
});

Deno.test("the name that is asked for is the upstream's, and not what the client calls it", async () => {
  const names: unknown[] = [];
  const upstream = createServer({ ...pair }, (socket: TLSSocket & { servername?: unknown }) => {
    names.push(socket.servername);
    socket.on("error", () => {/* the test looks at names */});
    socket.resume();
    socket.end("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const { port } = upstream.address() as AddressInfo;
  {
    await using server = await front({ host: "localhost", port, tls: { ca: pair.cert } });
    using client = await RawClient.connect(server.url);
    await client.send("GET / HTTP/1.1\r\nHost: front.example\r\n\r\n");
    equal((await client.head()).status, 204);
  }
  await within("the upstream closes", new Promise((resolve) => upstream.close(resolve)));
  deepEqual(names, ["localhost"]);
});

const wrong: Record<string, Way> = {
  "whose certificate nobody vouches for": { tls: {} },
  "whose certificate another one vouches for": { tls: { ca: other.cert } },
  "whose certificate is for another address": { host: "127.0.0.2", server: { hostname: "127.0.0.2" } },
};

for (const [what, way] of Object.entries(wrong)) {
  Deno.test(`nothing is sent to an upstream ${what}`, async () => {
    await using server = await behindTls(() => new Response("never"), way);
    equal((await seen(server.url, { method: "POST", body: "secret" })).status, 502);
    const [{ reason, sent }] = server.errors as ForwardError[];
    deepEqual([reason, sent, server.upstream.accesses], ["connect", false, []]);
  });
}

Deno.test("an upstream that speaks no TLS, and one that says nothing, count as not reached", async () => {
  await using plain = await listen(() => new Response("never"));
  await using silent = await rawUpstream();
  for (const port of [Number(new URL(plain.url).port), silent.port]) {
    await using server = await front({ host: "127.0.0.1", port, tls: {} }, { connectMs: 200 });
    equal((await seen(server.url)).status, 502);
    const [{ reason, sent }] = server.errors as ForwardError[];
    deepEqual([reason, sent], ["connect", false]);
  }
});
