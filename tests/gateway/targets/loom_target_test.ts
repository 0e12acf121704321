/** Streams below a route. */

import { deepEqual, equal, rejects } from "node:assert/strict";
import type { Handler } from "../../../src/http/handler.ts";
import { LoomStores } from "../../../src/gateway/targets/loom_stores.ts";
import { loomTarget } from "../../../src/gateway/targets/loom_target.ts";
import { openLoom } from "../../../src/loom/open_loom.ts";
import { seen } from "../../support/ask.ts";
import { makeFolder } from "../../support/folder.ts";
import { listen, type Listening } from "../../support/in_process.ts";
import { within } from "../../support/within.ts";

const text = { "content-type": "text/plain" };

/** Listens with streams of a directory at a path. */
async function front(dir: string, path: string, stores = new LoomStores()): Promise<Listening> {
  const target = await loomTarget({ kind: "loom", dir, sync: "none" }, { stores, path });
  const server = await listen(target);
  return {
    ...server,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await target[Symbol.asyncDispose]();
    },
  };
}

for (const [path, mount] of [["/*rest", ""], ["/streams/*rest", "/streams"], ["/of/:user/s/*rest", "/of/a%2Fb/s"]]) {
  Deno.test(`streams at ${path} are made, written, read and followed`, async () => {
    await using folder = await makeFolder();
    await using server = await front(folder.path, path);
    const url = `${server.url}${mount}/v1/stream/x/%C3%A4`;
    const made = await fetch(url, { method: "PUT", headers: text });
    deepEqual([made.status, made.headers.get("location"), await made.text()], [201, url, ""]);
    equal((await seen(url, { method: "POST", headers: text, body: "hello" })).status, 204);
    deepEqual(await seen(`${url}?offset=-1`), { status: 200, body: "hello" });
    const live = await fetch(`${url}?offset=-1&live=sse`);
    const reader = live.body!.pipeThrough(new TextDecoderStream()).getReader();
    let events = "";
    while (!events.includes("hello")) events += (await within("an event", reader.read())).value;
    await reader.cancel();
    equal((await seen(`${server.url}${mount}/stream`)).status, 200);
    equal((await seen(`${server.url}${mount}/v1/stream/none`)).status, 404);
    equal((await seen(`${server.url}${mount}`)).status, 404);
  });
}

Deno.test("an upload streams in below a route", async () => {
  await using folder = await makeFolder();
  await using server = await front(folder.path, "/s/*rest");
  const body = new Blob(["a".repeat(100_000)]).stream();
  const upload = await fetch(`${server.url}/s/stream/up`, { method: "POST", body, headers: text });
  equal(upload.ok, true, await upload.text());
  equal((await seen(`${server.url}/s/v1/stream/up?offset=-1`)).body.length, 100_000);
});

Deno.test("routes share a directory, which is closed with the last of them and can be opened again", async () => {
  await using folder = await makeFolder();
  const stores = new LoomStores();
  const open = (path: string) => loomTarget({ kind: "loom", dir: folder.path, sync: "none" }, { stores, path });
  const [first, second] = await Promise.all([open("/a/*rest"), open("/b/*rest")]);
  const ask = async (handler: Handler, method: string, path: string) => {
    const response = await handler(new Request(`http://x${path}`, { method, headers: text }));
    await response.body?.cancel();
    return response.status;
  };
  equal(await ask(first, "PUT", "/a/v1/stream/x"), 201);
  equal(await ask(second, "HEAD", "/b/v1/stream/x"), 200);
  await first[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose]();
  equal(await ask(second, "HEAD", "/b/v1/stream/x"), 200);
  const closing = second[Symbol.asyncDispose]();
  const third = await open("/c/*rest"); // while it is closed
  await closing;
  equal(await ask(third, "HEAD", "/c/v1/stream/x"), 200);
  await third[Symbol.asyncDispose]();
  await (await openLoom({ dir: folder.path })).close(); // nobody has it any more
});

Deno.test("a directory that can't be opened is told, and can be when the reason is gone", async () => {
  await using folder = await makeFolder();
  const stores = new LoomStores();
  const other = await openLoom({ dir: folder.path });
  await rejects(stores.use(folder.path, "none"), Deno.errors.Busy);
  await other.close();
  await using _lease = await stores.use(folder.path, "none");
  await rejects(stores.use(folder.path, "always"), TypeError);
});

Deno.test("a route that ends in no wildcard has no streams", async () => {
  const stores = new LoomStores();
  await rejects(loomTarget({ kind: "loom", dir: "/nowhere", sync: "none" }, { stores, path: "/a/:b" }), TypeError);
});
