/** What a handler gets from our server is a `Request`, though its parts are made when they are asked for. */

import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { Hono } from "hono";
import type { Handler } from "../../src/http/handler.ts";
import { bodySource, fieldOfRequest } from "../../src/http/served_request.ts";
import { seen } from "../support/ask.ts";
import { listen } from "../support/in_process.ts";
import { RawClient } from "../support/raw_client.ts";
import { readAll } from "../support/sources.ts";
import { within } from "../support/within.ts";

const decoder = new TextDecoder();

/** Sends one request and gives what a look at it returned. */
async function look<T>(what: (request: Request) => T | Promise<T>, init?: RequestInit, path = "/"): Promise<T> {
  const looked = Promise.withResolvers<T>();
  await using server = await listen(async (request) => {
    await Promise.try(what, request).then(looked.resolve, looked.reject);
    return new Response("looked");
  });
  equal((await seen(server.url + path, init)).body, "looked");
  return await looked.promise;
}

Deno.test("a request has all the parts of a Request", async () => {
  const headers = [["x-a", "1"], ["x-a", "2"], ["content-type", "text/plain"]] as [string, string][];
  await look(
    (request) => {
      ok(request instanceof Request);
      deepEqual([request.method, new URL(request.url).pathname, new URL(request.url).search], ["PUT", "/a/c", "?d=e"]);
      deepEqual([request.headers.get("x-a"), request.headers.get("Content-Type")], ["1, 2", "text/plain"]);
      equal(request.headers, request.headers);
      equal(request.signal, request.signal);
      equal(request.body, request.body);
      deepEqual([request.bodyUsed, request.signal.aborted, request.redirect], [false, false, "follow"]);
      ok(Deno.inspect(request).includes("PUT"));
    },
    { method: "PUT", headers, body: "x" },
    "/a/b/../c?d=e#f",
  );
});

/** Ways to read a body, each of a request that nobody has touched. */
const ways: Record<string, (request: Request) => Promise<string>> = {
  text: (request) => request.text(),
  json: async (request) => JSON.stringify(await request.json()),
  arrayBuffer: async (request) => decoder.decode(await request.arrayBuffer()),
  bytes: async (request) => decoder.decode(await request.bytes()),
  blob: async (request) => await (await request.blob()).text(),
  body: async (request) => (await Array.fromAsync(request.body!.pipeThrough(new TextDecoderStream()))).join(""),
  "the body's source": async (request) => decoder.decode(await readAll(bodySource(request)!)),
  "text, once the body was looked at": async (request) => request.body ? await request.text() : "",
  "a new Request": async (request) => await new Request(request).text(),
  "a new Request elsewhere": async (request) => await new Request("http://x/", request).text(),
  "a new Request of the body": async ({ body }) => await new Request("http://x/", { method: "POST", body }).text(),
};

for (const [size, value] of Object.entries({ short: ["ä", 1], long: ["ä".repeat(2 ** 20)] })) {
  const body = JSON.stringify(value);
  for (const [framing, sent] of Object.entries({ announced: () => body, chunked: () => new Blob([body]).stream() })) {
    Deno.test(`every way to read a ${size} body that is ${framing} gives it, once`, async () => {
      for (const [name, read] of Object.entries(ways)) {
        await look(async (request) => {
          equal(await read(request), body, name);
          equal(request.bodyUsed, true, name);
          for (const again of [ways.text, ways.json, ways.bytes, ways.blob, ways["a new Request"]]) {
            await rejects(again(request), TypeError, name);
          }
          throws(() => request.clone(), TypeError, name);
          throws(() => bodySource(request), TypeError, name);
          equal(request.redirect, "follow", name);
          equal(await new Request(request, { body: "other" }).text(), "other", name);
        }, { method: "POST", body: sent() });
      }
    });
  }
}

Deno.test("a clone has the body too, and what was set on the headers", async () => {
  await look(async (request) => {
    request.headers.set("x-set", "1");
    const clone = request.clone();
    request.headers.set("x-later", "1");
    deepEqual([clone.headers.get("x-set"), clone.headers.get("x-later"), request.headers.get("x-later")], [
      "1",
      null,
      "1",
    ]);
    deepEqual(await Promise.all([clone.text(), request.text()]), ["body", "body"]);
    equal(new Request("http://x/", { headers: request.headers }).headers.get("x-later"), "1");
  }, { method: "POST", body: "body" });
});

Deno.test("a form is parsed", async () => {
  const body = new FormData();
  body.set("a", new File(["content"], "name"));
  const file = await look(async (request) => (await request.formData()).get("a"), { method: "POST", body });
  deepEqual([(file as File).name, await (file as File).text()], ["name", "content"]);
});

Deno.test("a byte order mark is no part of a text", async () => {
  const body = new Uint8Array([0xef, 0xbb, 0xbf, 0x61, 0xff]);
  equal(await look((request) => request.text(), { method: "POST", body }), "a\ufffd");
});

Deno.test("a request without a body reads as empty, as often as it is read", async () => {
  for (const init of [{ method: "GET" }, { method: "POST" }]) {
    await look(async (request) => {
      deepEqual([request.body, bodySource(request)], [null, undefined]);
      for (let i = 0; i < 2; i++) {
        deepEqual([await request.text(), (await request.arrayBuffer()).byteLength, request.bodyUsed], ["", 0, false]);
      }
      await rejects(request.json(), SyntaxError);
      equal((await new Request(request).bytes()).byteLength, 0);
    }, init);
  }
});

Deno.test("bytes are in memory of their own, so that they keep nothing else", async () => {
  const { byteLength, buffer } = await look((request) => request.bytes(), { method: "POST", body: "short" });
  deepEqual([byteLength, buffer.byteLength], [5, 5]);
});

Deno.test("a body that is not wanted any more lets the client go on", async () => {
  const given = {
    "cancelled after a chunk": async (request: Request) => {
      const reader = request.body!.getReader();
      await reader.read();
      await reader.cancel();
    },
    "cancelled at once": (request: Request) => request.body!.cancel(),
    "left after a chunk": async (request: Request) => void await request.body!.getReader().read(),
    "left by its source": (request: Request) => bodySource(request)!.cancel(),
    untouched: () => {},
    cloned: (request: Request) => void request.clone(),
  };
  for (const [name, give] of Object.entries(given)) {
    await using server = await listen(async (request) => {
      if (request.method === "GET") return new Response("next");
      await give(request);
      return new Response(name);
    });
    for (const size of [10, 100_000, 3_000_000]) {
      using client = await RawClient.connect(server.url);
      await client.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\n`);
      await within(`${size} bytes are taken, ${name}`, client.send("x".repeat(size)));
      equal(await client.body(await client.head()), name);
      await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
      equal(await client.body(await client.head()), "next");
    }
  }
});

Deno.test("the signal aborts when the client leaves, though it is asked for later, and not when all went well", async () => {
  const cut = Promise.withResolvers<void>();
  const left = Promise.withResolvers<Request>();
  const signals: AbortSignal[] = [];
  await using server = await listen(async (request) => {
    signals.push(request.signal);
    if (new URL(request.url).pathname === "/stay") return new Response("stayed");
    cut.resolve();
    await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
    left.resolve(request);
    return new Response(null);
  });
  equal((await seen(`${server.url}/stay`)).body, "stayed");
  const client = await RawClient.connect(server.url);
  await client.send("GET /leave HTTP/1.1\r\nHost: x\r\n\r\n");
  await cut.promise;
  client[Symbol.dispose]();
  const request = await within("the signal aborts", left.promise);
  equal(new Request(request).signal.aborted, true);
  deepEqual(signals.map(({ aborted }) => aborted), [false, true]);
});

Deno.test("a signal that is asked for when the client has left is aborted already", async () => {
  const cut = Promise.withResolvers<void>();
  const late = Promise.withResolvers<boolean>();
  await using server = await listen(async (request, info) => {
    cut.resolve();
    await rejects(request.text());
    late.resolve(request.signal.aborted);
    equal(info?.remoteAddr?.hostname, "127.0.0.1");
    return new Response(null);
  });
  const client = await RawClient.connect(server.url);
  await client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf");
  await cut.promise;
  client[Symbol.dispose]();
  equal(await within("the handler looks", late.promise), true);
});

Deno.test("a body that is asked for when the client has left is broken, at once", async () => {
  const gone = Promise.withResolvers<unknown>();
  const here = Promise.withResolvers<void>();
  await using server = await listen(async (request) => {
    here.resolve();
    await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
    await request.text().catch(gone.resolve);
    return new Response(null);
  });
  const client = await RawClient.connect(server.url);
  await client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n");
  await here.promise;
  client[Symbol.dispose]();
  ok(await within("the body breaks", gone.promise) instanceof Error);
});

Deno.test("a body that does not come is a 408", async () => {
  await using server = await listen(async (request) => new Response(await request.text()), { requestBodyIdleMs: 100 });
  using client = await RawClient.connect(server.url);
  await client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf");
  equal((await client.head()).status, 408);
});

Deno.test("a request can be passed on, with fetch() and by a router", async () => {
  const echo: Handler = async (request) =>
    new Response(`${request.method} ${new URL(request.url).pathname} ${request.headers.get("x-a")} ${await request
      .text()}`);
  await using target = await listen(echo);
  await using proxy = await listen((request) => fetch(new Request(target.url + "/there", request)));
  const router = new Hono();
  router.post("/direct", async (context) => context.text(`direct ${await context.req.text()}`));
  router.mount("/sub", echo);
  await using routed = await listen((request) => router.fetch(request));
  const init = { method: "POST", body: "body", headers: { "x-a": "1" } };
  equal((await seen(proxy.url, init)).body, "POST /there 1 body");
  equal((await seen(`${routed.url}/direct`, init)).body, "direct body");
  equal((await seen(`${routed.url}/sub/below`, init)).body, "POST /below 1 body");
});

Deno.test("cookies on several lines are one list, and no field is what every object has", async () => {
  await using server = await listen((request) => {
    const fields = ["cookie", "x-a", "constructor", "tostring", "valueOf"];
    const read = fields.map((name) => [fieldOfRequest(request, name), request.headers.get(name)]);
    return Response.json(read);
  });
  using client = await RawClient.connect(server.url);
  await client.send("GET / HTTP/1.1\r\nHost: x\r\nCookie: a=1\r\nX-A: 1\r\nCOOKIE: b=2\r\nX-A: 2\r\n\r\n");
  const read = JSON.parse(await client.body(await client.head()));
  deepEqual(read, [["a=1; b=2", "a=1; b=2"], ["1, 2", "1, 2"], [null, null], [null, null], [null, null]]);
});
