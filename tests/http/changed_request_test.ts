/** Requests that are changed on their way to a handler, of our own server and of others. */

import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import type { Source } from "../../src/bytes/source.ts";
import type { Handler } from "../../src/http/handler.ts";
import {
  bodySource,
  changedRequest,
  fieldBytesOf,
  fieldOfRequest,
  isServed,
  originalOf,
} from "../../src/http/served_request.ts";
import { canUpgrade } from "../../src/http/upgrade.ts";
import { seen } from "../support/ask.ts";
import { listen, type Listening } from "../support/in_process.ts";
import { RawClient } from "../support/raw_client.ts";
import { readAll } from "../support/sources.ts";
import { within } from "../support/within.ts";

/** Listens with a handler on a server of each kind. */
const servers: Record<string, (handler: Handler) => Promise<Listening> | Listening> = {
  "our own": (handler) => listen(handler, { upgrade: true }),
  "another's": (handler) => {
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
    return {
      url: `http://127.0.0.1:${server.addr.port}`,
      accesses: [],
      [Symbol.asyncDispose]: () => server.shutdown(),
    };
  },
};

/** Bytes as upper case. */
function shout(source: Source): Source {
  return {
    read: async () => {
      const chunk = await source.read();
      return chunk && new TextEncoder().encode(new TextDecoder().decode(chunk).toUpperCase());
    },
    cancel: (reason) => source.cancel(reason),
  };
}

for (const [whose, serve] of Object.entries(servers)) {
  /** Sends one request and gives what a look at it returned. */
  const look = async <T>(what: (request: Request) => T | Promise<T>, init?: RequestInit): Promise<T> => {
    const looked = Promise.withResolvers<T>();
    await using server = await serve(async (request) => {
      await Promise.try(what, request).then(looked.resolve, looked.reject);
      return new Response("looked");
    });
    equal((await seen(`${server.url}/a?b`, init)).body, "looked");
    return await looked.promise;
  };

  Deno.test(`a request of ${whose} server that is changed is the same but for that`, async () => {
    const init = { method: "PUT", headers: { "x-a": "1", "x-b": "2" }, body: "body" };
    await look(async (request) => {
      const served = isServed(request);
      const changed = changedRequest(request, { url: "http://else/c", without: ["x-a"], body: shout });
      deepEqual([changed.url, changed.method, isServed(changed)], ["http://else/c", "PUT", served]);
      deepEqual(["x-a", "x-b"].map((name) => fieldOfRequest(changed, name)), [null, "2"]);
      const again = changedRequest(changed, { without: ["x-b"] });
      deepEqual([again.url, again.headers.get("x-a"), again.headers.get("x-b")], ["http://else/c", null, null]);
      deepEqual(["x-a", "x-b"].map((name) => fieldOfRequest(again, name)), [null, null]);
      equal(originalOf(again), request);
      equal(request.headers.get("x-a"), "1");
      equal(await again.text(), "BODY");
      await rejects(again.text(), TypeError);
    }, init);
  });

  const ways: Record<string, (request: Request) => Promise<string>> = {
    "as text": (request) => request.text(),
    "as a stream": (request) => new Response(request.body).text(),
    "as a source": async (request) => new TextDecoder().decode(await readAll(bodySource(request)!)),
    "as a new Request": (request) => new Request(request).text(),
  };
  for (const [way, read] of Object.entries(ways)) {
    Deno.test(`a body of ${whose} server is read ${way} through what stands before it`, async () => {
      const body = "x".repeat(200_000);
      const text = await look((request) => read(changedRequest(request, { body: shout })), { method: "POST", body });
      equal(text, body.toUpperCase());
    });
  }

  Deno.test(`a request of ${whose} server that has no body stays without one`, async () => {
    await look((request) => {
      const changed = changedRequest(request, { body: shout });
      deepEqual([changed.body, bodySource(changed)], [null, undefined]);
    });
  });

  Deno.test(`a changed request of ${whose} server is aborted by who changed it, and by its client`, async () => {
    const mine = new AbortController();
    await look((request) => {
      const { signal } = changedRequest(request, { signal: mine.signal });
      equal(signal.aborted, false);
      mine.abort(new Error("mine"));
      deepEqual([signal.aborted, signal.reason.message], [true, "mine"]);
    });
    const gone = Promise.withResolvers<void>();
    const came = Promise.withResolvers<void>();
    await using server = await serve((request) => {
      const { signal } = changedRequest(request, { signal: new AbortController().signal });
      signal.addEventListener("abort", () => gone.resolve());
      came.resolve();
      return new Promise((resolve) => signal.addEventListener("abort", () => resolve(new Response())));
    });
    {
      using client = await RawClient.connect(server.url);
      await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
      await within("it comes", came.promise);
    }
    await within("the abort", gone.promise);
  });
}

Deno.test("a body that one of two has taken is gone for the other", async () => {
  const looked = Promise.withResolvers<void>();
  await using server = await listen(async (request) => {
    const changed = changedRequest(request, { url: "http://else/" });
    equal(await changed.text(), "body");
    equal(request.bodyUsed, true);
    throws(() => bodySource(request), TypeError);
    looked.resolve();
    return new Response();
  });
  await seen(server.url, { method: "POST", body: "body" });
  await within("the look", looked.promise);
});

Deno.test("a changed request that asks for WebSocket can still be handed over", async () => {
  await using server = await listen((request) => {
    return new Response(String(canUpgrade(changedRequest(request, { without: ["x"] }))));
  }, { upgrade: true });
  using client = await RawClient.connect(server.url);
  await client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  equal(await client.body(await client.head()), "true");
});

Deno.test("header fields are as large as their lines", async () => {
  const fields = "Host: x\r\nX-A: 1\r\nX-A: two\r\n";
  await using server = await listen((request) => new Response(String(fieldBytesOf(request))));
  using client = await RawClient.connect(server.url);
  await client.send(`GET / HTTP/1.1\r\n${fields}\r\n`);
  equal(await client.body(await client.head()), String(fields.length));
  equal(fieldBytesOf(new Request("http://x/", { headers: { "x-a": "1" } })), "x-a: 1\r\n".length);
});
