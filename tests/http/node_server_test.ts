/** Answers as they stand on the wire, whichever way they go out. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { bytesResponse } from "../../src/http/bytes_response.ts";
import type { Handler } from "../../src/http/handler.ts";
import { promiseTrailers } from "../../src/http/trailers.ts";
import { seen } from "../support/ask.ts";
import { listen } from "../support/in_process.ts";
import { RawClient, type RawHead } from "../support/raw_client.ts";
import { until, within } from "../support/within.ts";

const MiB = 1024 * 1024;
const text = new TextEncoder().encode("known");

function streamed(): Response {
  return new Response(ReadableStream.from([text.slice(0, 2), text.slice(2)]), { headers: { "x-a": "1" } });
}

/** The head and the body of an answer on a connection that closes behind it. */
async function wire(
  handler: Handler,
  start = "GET / HTTP/1.1",
): Promise<RawHead & { readonly rest: string; readonly ending: string | undefined }> {
  await using server = await listen(handler);
  using client = await RawClient.connect(server.url);
  await client.send(`${start}\r\nHost: x\r\nConnection: close\r\n\r\n`);
  const head = await client.head();
  return { ...head, rest: await client.rest(), ending: client.ending };
}

/** How the length of an answer is told: by one of two fields, or by neither. */
function framing({ headers }: RawHead): (string | undefined)[] {
  return [headers["content-length"], headers["transfer-encoding"]];
}

Deno.test("a known body has its length told, one that flows is chunked, and an absent one is 0 long", async () => {
  const known = await wire(() => bytesResponse(text, { status: 201, headers: { "x-a": "1" } }));
  deepEqual([known.status, known.headers["x-a"], known.rest, ...framing(known)], [201, "1", "known", "5", undefined]);
  const flowing = await wire(streamed);
  deepEqual([flowing.rest, ...framing(flowing)], ["2\r\nkn\r\n3\r\nown\r\n0\r\n\r\n", undefined, "chunked"]);
  for (const handler of [() => new Response(null), () => bytesResponse(new Uint8Array(0), {})]) {
    const empty = await wire(handler);
    deepEqual([empty.status, empty.rest, ...framing(empty)], [200, "", "0", undefined]);
  }
  for (const status of [204, 304]) {
    const none = await wire(() => new Response(null, { status, headers: { "x-a": "1" } }));
    deepEqual([none.status, none.headers["x-a"], none.rest, ...framing(none)], [status, "1", "", undefined, undefined]);
  }
});

Deno.test("the length that a handler tells is the one that is sent", async () => {
  const headers = { "content-length": "5" };
  for (const handler of [() => bytesResponse(text, { headers }), () => new Response(text, { headers })]) {
    const { rest, ...head } = await wire(handler);
    deepEqual([rest, ...framing(head)], ["known", "5", undefined]);
  }
  const notModified = await wire(() => new Response(null, { status: 304, headers }));
  deepEqual([notModified.rest, ...framing(notModified)], ["", "5", undefined]);
});

Deno.test("an answer to HEAD tells the length that it knows, and has no body", async () => {
  const cases: [Handler, (string | undefined)[]][] = [
    [() => bytesResponse(text, {}), ["5", undefined]],
    [() => bytesResponse(new Uint8Array(MiB), {}), [String(MiB), undefined]],
    [() => new Response(null, { headers: { "content-length": "7" } }), ["7", undefined]],
    [() => new Response(null), [undefined, undefined]],
    [streamed, [undefined, undefined]],
  ];
  for (const [handler, expected] of cases) {
    const { rest, ...head } = await wire(handler, "HEAD / HTTP/1.1");
    deepEqual([rest, ...framing(head)], ["", ...expected]);
  }
});

Deno.test("a client of HTTP/1.0 gets a body with a length, or one that the end of the connection ends", async () => {
  const known = await wire(() => bytesResponse(text, {}), "GET / HTTP/1.0");
  deepEqual([known.rest, ...framing(known), known.ending], ["known", "5", undefined, "closed"]);
  const flowing = await wire(streamed, "GET / HTTP/1.0");
  deepEqual([flowing.rest, ...framing(flowing), flowing.ending], ["known", undefined, undefined, "closed"]);
});

Deno.test("a large known body arrives whole", async () => {
  const whole = crypto.getRandomValues(new Uint8Array(65_536)).toBase64().repeat(64);
  await using server = await listen(() => bytesResponse(new TextEncoder().encode(whole), {}));
  const response = await fetch(server.url);
  equal(response.headers.get("content-length"), String(whole.length));
  equal(await response.text(), whole);
  await until("the answer is logged", () => server.accesses.length === 1);
  deepEqual([server.accesses[0].bytes, server.accesses[0].complete], [whole.length, true]);
});

Deno.test("a client that leaves in the middle of a known body is noticed", async () => {
  await using server = await listen(() => bytesResponse(new Uint8Array(64 * MiB), {}));
  const client = await RawClient.connect(server.url);
  await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await client.head();
  client[Symbol.dispose]();
  await until("the answer is logged", () => server.accesses.length === 1);
  equal(server.accesses[0].complete, false);
  ok(server.accesses[0].bytes < 64 * MiB, `${server.accesses[0].bytes} bytes are said to have gone out`);
});

Deno.test("an answer that is ready when the client has left is not complete", async () => {
  const asked = Promise.withResolvers<void>();
  await using server = await listen(async ({ signal }) => {
    asked.resolve();
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    return bytesResponse(text, {});
  });
  const client = await RawClient.connect(server.url);
  await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await asked.promise;
  client[Symbol.dispose]();
  await until("the answer is logged", () => server.accesses.length === 1);
  deepEqual([server.accesses[0].complete, server.accesses[0].bytes], [false, 0]);
});

Deno.test("the access tells what was asked, what was answered, and under which id", async () => {
  await using server = await listen(async (request) => {
    await request.text();
    return bytesResponse(text, { status: 201, headers: { "x-request-id": "id" } });
  });
  const headers = { "user-agent": "me", referer: "http://x/there" };
  await seen(`${server.url}/a?b=c`, { method: "POST", body: "body", headers });
  const [{ durationMs, startedAt, ...access }] = server.accesses;
  ok(durationMs >= 0 && durationMs < 20_000);
  ok(Math.abs(startedAt + durationMs - Date.now()) < 20_000);
  deepEqual(access, {
    method: "POST",
    url: "/a?b=c",
    httpVersion: "1.1",
    host: new URL(server.url).host,
    userAgent: "me",
    referer: "http://x/there",
    status: 201,
    requestBytes: 4,
    bytes: 5,
    remoteAddress: "127.0.0.1",
    requestId: "id",
    complete: true,
  });
});

Deno.test("an answer whose headers can't be changed is sent", async () => {
  const redirect = await wire(() => Response.redirect("http://x/there"));
  deepEqual([redirect.status, redirect.headers["location"]], [302, "http://x/there"]);
  await using target = await listen(streamed);
  const passedOn = await wire(() => fetch(target.url));
  deepEqual([passedOn.headers["x-a"], passedOn.rest], ["1", "2\r\nkn\r\n3\r\nown\r\n0\r\n\r\n"]);
});

Deno.test("a handler may close a connection, and says nothing else of it", async () => {
  await using server = await listen((request) => {
    const connection = request.url.endsWith("/close") ? "close" : "keep-alive";
    return bytesResponse(text, { headers: { connection, "keep-alive": "timeout=5", "transfer-encoding": "chunked" } });
  });
  using client = await RawClient.connect(server.url);
  await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const head = await client.head();
  deepEqual([head.headers["connection"], head.headers["keep-alive"], ...framing(head)], [
    "keep-alive",
    "timeout=60",
    "5",
    undefined,
  ]);
  equal(await client.body(head), "known");
  await client.send("GET /close HTTP/1.1\r\nHost: x\r\n\r\n");
  equal((await client.head()).headers["connection"], "close");
  equal(await client.rest(), "known");
});

Deno.test("cookies are sent one by one", async () => {
  const headers = [["set-cookie", "a=1"], ["set-cookie", "b=2"]] as [string, string][];
  await using server = await listen(() => bytesResponse(text, { headers }));
  const response = await fetch(server.url);
  deepEqual(response.headers.getSetCookie(), ["a=1", "b=2"]);
  equal(await response.text(), "known");
});

Deno.test("trailers follow a body that is known, and are not announced where there are none", async () => {
  const headers = { trailer: "x-sum" };
  const { rest } = await wire(() => {
    const response = bytesResponse(text, { headers });
    promiseTrailers(response, Promise.resolve(new Headers({ "x-sum": "42" })));
    return response;
  });
  match(rest, /^5\r\nknown\r\n0\r\nx-sum: 42\r\n\r\n$/i);
  const without = await wire(() => bytesResponse(text, { headers }));
  deepEqual([without.headers["trailer"], without.rest], [undefined, "known"]);
});

Deno.test("an answer that can't be sent ends its connection, and the server goes on", async () => {
  const once = new Response(ReadableStream.from([text]));
  const bad: Record<string, () => Response> = {
    "a header that HTTP has no place for": () => bytesResponse(text, { headers: { "x-a": "\x01" } }),
    "an answer that was given before": () => once,
  };
  await once.text();
  for (const [name, answer] of Object.entries(bad)) {
    await using server = await listen((request) => request.url.endsWith("/bad") ? answer() : bytesResponse(text, {}));
    using client = await RawClient.connect(server.url);
    await client.send("GET /bad HTTP/1.1\r\nHost: x\r\n\r\n");
    equal(await client.rest(), "", name);
    equal(server.accesses[0].complete, false);
    equal((await seen(server.url)).body, "known", name);
  }
});

Deno.test("a handler that answers with nothing is a 500, and the server goes on", async () => {
  await using server = await listen(() => undefined as unknown as Response);
  for (let i = 0; i < 2; i++) equal((await seen(server.url)).status, 500);
});

Deno.test("requests that are sent at once are answered in turn, each with its body", async () => {
  await using server = await listen(async (request) => {
    const body = await request.bytes();
    if (body.byteLength === 3) await new Promise((resolve) => setTimeout(resolve, 20));
    return bytesResponse(body, {});
  });
  using client = await RawClient.connect(server.url);
  const bodies = ["one", "second", "3", "x".repeat(100_000), "last"];
  await client.send(
    bodies.map((body) => `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`).join(""),
  );
  for (const body of bodies) equal(await within("an answer", client.body(await client.head())), body);
});
