/** Calls: what is asked arrives, what is answered comes back, and bodies are as long as they were said to be. */

import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { HttpError } from "../../../src/errors.ts";
import { bytesResponse } from "../../../src/http/bytes_response.ts";
import type { Handler, RequestInfo } from "../../../src/http/handler.ts";
import { promiseTrailers, trailersOf } from "../../../src/http/trailers.ts";
import { allOver, callPair, streamOf } from "../../support/mesh/call_pair.ts";
import { patterned } from "../../support/mesh/session_pair.ts";
import { within } from "../../support/within.ts";

const echo: Handler = async (request) => new Response(await request.bytes(), { headers: { "x-a": "1" } });
const post = (body?: BodyInit, init: RequestInit = {}) => new Request("http://a/b", { method: "POST", body, ...init });

Deno.test("a handler gets the request as it was asked, and who asked", async () => {
  let asked: Request | undefined;
  let told: RequestInfo | undefined;
  const pair = callPair((request, info) => {
    [asked, told] = [request, info];
    return echo(request);
  });
  const headers = {
    cookie: "a=b",
    "x-odd": "\u00e4\u00ff\tz",
    connection: "x-hop, close",
    "x-hop": "1",
    te: "trailers",
  };
  const info = {
    remoteAddr: { hostname: "2001:db8::1" },
    params: { id: "ü/&=", none: undefined },
    trace: { traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", tracestate: "a=b" },
  };
  const request = new Request("https://[::1]:8443/a%2Fb/?c=%20d#e", { method: "PATCH", body: "hello", headers });
  const response = await pair.fetch(request, { info });
  equal(await response.text(), "hello");
  deepEqual([asked!.method, asked!.url], ["PATCH", "https://[::1]:8443/a%2Fb/?c=%20d"]);
  deepEqual([...asked!.headers], [
    ["content-type", "text/plain;charset=UTF-8"],
    ["cookie", "a=b"],
    ["traceparent", info.trace.traceparent],
    ["tracestate", "a=b"],
    ["x-odd", "\u00e4\u00ff\tz"],
  ]);
  deepEqual(told, { remoteAddr: { transport: "tcp", hostname: "2001:db8::1" }, params: { id: "ü/&=" } });
  deepEqual([pair.heads[0].service, pair.heads[0].version], ["echo", "1.0.0"]);
  deepEqual(pair.told, ["answer", "ok"]);
  await allOver(pair);
});

Deno.test("answers come back as they are, of whatever kind", async () => {
  const answers: [string, () => Response, number, string][] = [
    ["bytes", () => bytesResponse(new TextEncoder().encode("bytes"), { headers: { "x-a": "1" } }), 200, "bytes"],
    ["text", () => new Response("text", { status: 418, headers: { "x-a": "1" } }), 418, "text"],
    ["stream", () => new Response(streamOf(["a", "b", "c"]), { headers: { "x-a": "1" } }), 200, "abc"],
    ["none", () => new Response(null, { status: 404, headers: { "x-a": "1" } }), 404, ""],
    ["nothing", () => new Response(null, { status: 204, headers: { "x-a": "1", "content-length": "7" } }), 204, ""],
    ["same", () => new Response(null, { status: 304, headers: { "x-a": "1", "content-length": "7" } }), 304, ""],
  ];
  for (const [name, answer, status, text] of answers) {
    const pair = callPair(answer);
    const response = await pair.fetch(new Request("http://a/"));
    deepEqual([name, response.status, response.headers.get("x-a")], [name, status, "1"]);
    equal(await response.text(), text);
    equal(response.headers.get("content-length"), status === 304 ? "7" : null);
    deepEqual(pair.told, ["answer", "ok"]);
    await allOver(pair);
  }
});

Deno.test("a cookie is set twice, and fields of the connection stay there", async () => {
  const headers = new Headers({
    connection: "close",
    "keep-alive": "1",
    "transfer-encoding": "gzip",
    constructor: "x",
  });
  headers.append("set-cookie", "a=1");
  headers.append("set-cookie", "b=2");
  const pair = callPair(() => new Response("ok", { headers }));
  const response = await pair.fetch(new Request("http://a/"));
  deepEqual(response.headers.getSetCookie(), ["a=1", "b=2"]);
  deepEqual([...response.headers.keys()].sort(), ["constructor", "content-type", "set-cookie", "set-cookie"]);
  await response.text();
  await allOver(pair);
});

Deno.test("a call to HEAD gets the head and no body, and the handler's body is given up", async () => {
  let cancelled = 0;
  const pair = callPair(() =>
    new Response(streamOf(["x"], "wait", () => void cancelled++), { headers: { "content-length": "9" } })
  );
  const response = await pair.fetch(new Request("http://a/", { method: "HEAD" }));
  deepEqual([response.headers.get("content-length"), await response.text(), cancelled], ["9", "", 1]);
  await allOver(pair);
});

Deno.test("trailers come behind the body, with and without one", async () => {
  for (const body of ["body", null]) {
    const pair = callPair(() => {
      const response = new Response(body, { headers: { trailer: "x-sum" } });
      promiseTrailers(response, Promise.resolve(new Headers({ "x-sum": "\u00e9", connection: "close" })));
      return response;
    });
    const response = await pair.fetch(new Request("http://a/"));
    equal(response.headers.get("trailer"), "x-sum");
    equal(await response.text(), body ?? "");
    deepEqual([...await trailersOf(response)!], [["x-sum", "\u00e9"]]);
    await allOver(pair);
  }
  const pair = callPair(() => new Response("body", { headers: { trailer: "x-sum" } }));
  const response = await pair.fetch(new Request("http://a/"));
  deepEqual([response.headers.get("trailer"), trailersOf(response)], [null, undefined]);
  await response.text();
  await allOver(pair);
});

Deno.test("bodies of any size go both ways at once", async () => {
  const pair = callPair((request) => new Response(request.body));
  const body = patterned(3_000_000);
  const response = await pair.fetch(post(new Blob([body]).stream()));
  deepEqual(await within("it comes back", response.bytes()), body);
  deepEqual(pair.told, ["answer", "ok"]);
  await allOver(pair);
});

Deno.test("an answer that comes before the request's body was read ends the upload", async () => {
  let cancelled = 0;
  for (const answer of [() => new Response("early"), () => new Response(streamOf(["ear", "ly"]))]) {
    const pair = callPair(answer);
    const response = await pair.fetch(
      post(streamOf(Array(1000).fill("x".repeat(1000)), "wait", () => void cancelled++)),
    );
    equal(await response.text(), "early");
    deepEqual(pair.told, ["answer", "ok"]);
    await allOver(pair);
  }
  equal(cancelled, 2);
});

Deno.test("an upload that is still coming when the answer is whole never looks whole to its handler", async () => {
  const ends: unknown[] = [];
  const pair = callPair((request) => {
    request.text().then(() => ends.push("whole"), (error) => ends.push(error.status));
    return new Response("early");
  });
  const response = await pair.fetch(post(streamOf(["some"], "wait")));
  equal(await response.text(), "early");
  await allOver(pair);
  deepEqual(ends, [499]);
});

Deno.test("what a handler throws is told as a problem document", async () => {
  const cases: [Handler, number, RegExp][] = [
    [() => Promise.reject(new HttpError(409, "Not now", { headers: { "retry-after": "3" } })), 409, /Not now/],
    [() => Promise.reject(new Error("secret")), 500, /The server failed to answer/],
    [() => undefined as unknown as Response, 500, /The server failed to answer/],
    [
      () => {
        const response = new Response("x");
        response.body!.getReader();
        return response;
      },
      500,
      /The server failed to answer/,
    ],
    [() => new Response("x", { headers: { "x-long": "x".repeat(70_000) } }), 500, /The server failed to answer/],
  ];
  for (const [handler, status, words] of cases) {
    const pair = callPair(handler);
    const response = await pair.fetch(new Request("http://a/"));
    equal(response.status, status);
    const text = await response.text();
    match(text, words);
    ok(!text.includes("secret"));
    if (status === 409) equal(response.headers.get("retry-after"), "3");
    deepEqual(pair.told, ["answer", "ok"]);
    await allOver(pair);
  }
});

Deno.test("bodies are as long as their heads say, or broken", async () => {
  for (const [told, text] of [["3", "long"], ["5", "long"], ["1e1", "long"], ["4, 4", "long"]]) {
    for (const answer of [() => new Response(text), () => new Response(streamOf([...text]))]) {
      const pair = callPair(() => {
        const response = answer();
        response.headers.set("content-length", told);
        return response;
      });
      await rejects(async () => await (await pair.fetch(new Request("http://a/"))).text());
      equal(pair.told.at(-1), "failed");
      await allOver(pair);
    }
    const pair = callPair(echo);
    const response = await pair.fetch(post(text, { headers: { "content-length": told } }));
    deepEqual([response.status, await response.text() === text], [400, false]);
    await allOver(pair);
  }
  const pair = callPair(echo);
  const none = await pair.fetch(post(undefined, { headers: { "content-length": "4" } }));
  equal(none.status, 400);
  await none.text();
  const get = await pair.fetch(new Request("http://a/", { headers: { "content-length": "4" } }));
  equal(get.status, 200);
  await get.text();
  await allOver(pair);
});
