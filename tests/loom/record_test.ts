import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import type { Handler } from "../../src/http/handler.ts";
import { promiseTrailers, trailersOf } from "../../src/http/trailers.ts";
import { classicHandler } from "../../src/loom/classic/classic_handler.ts";
import { openMemoryLoom } from "../../src/loom/open_loom.ts";
import { record } from "../../src/loom/record.ts";
import type { StreamError } from "../../src/loom/stream_error.ts";
import type { StreamStore } from "../../src/loom/stream_store.ts";
import { listen } from "../support/in_process.ts";
import { RawClient } from "../support/raw_client.ts";
import { until, within } from "../support/within.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const at = (path: string, init?: RequestInit) => new Request(`http://x${path}`, init);

/** A service whose answer is written by the test. */
function written() {
  let writer!: WritableStreamDefaultWriter<Uint8Array>;
  let signal!: AbortSignal;
  let cancelled = false;
  const handler: Handler = (request) => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    writer = writable.getWriter();
    writer.closed.catch(() => cancelled = true);
    signal = request.signal;
    return new Response(readable, { headers: { "content-type": "text/plain" } });
  };
  return {
    handler,
    write: (text: string) => within("it is taken", writer.write(bytes(text))),
    close: () => within("its end is taken", writer.close()),
    fail: () => writer.abort(new Error("the service failed")),
    get signal() {
      return signal;
    },
    get cancelled() {
      return cancelled;
    },
  };
}

const named = { id: () => "rec" };

async function contentOf(store: StreamStore): Promise<string> {
  return new TextDecoder().decode((await store.read("rec", 0, 1e9)).bytes);
}

const ended = (store: StreamStore) => until("the recording ends", () => store.head("rec")!.end !== undefined);

Deno.test("record() keeps what the client gets, and tells where", async () => {
  await using store = await openMemoryLoom();
  const service: Handler = () =>
    new Response('{"a": 1}', {
      status: 202,
      headers: { "content-type": "application/json", "content-language": "nl", "x-other": "kept" },
    });
  const response = await record(service, store)(at("/path?q=1", { method: "POST", body: "x" }));
  const id = response.headers.get("x-stream-id")!;
  match(id, /^[\w-]{22,64}$/);
  deepEqual([response.status, response.headers.get("x-other"), await response.text()], [202, "kept", '{"a": 1}']);
  deepEqual(store.head(id)!.metadata, {
    status: 202,
    method: "POST",
    path: "/path",
    headers: { "content-language": "nl" },
  });
  const replay = await classicHandler(store)(at(`/stream/${id}`));
  deepEqual([replay.headers.get("content-type"), await replay.text()], ["application/json", '{"a": 1}']);
});

Deno.test("what was written can be read from the stream while the answer goes on", async () => {
  await using store = await openMemoryLoom();
  const service = written();
  const response = await record(service.handler, store, named)(at("/"));
  const reader = response.body!.getReader();
  const first = reader.read();
  await service.write("one");
  equal(new TextDecoder().decode((await first).value), "one");
  await until("it is stored", () => store.head("rec")!.tail === 3);
  equal(store.head("rec")!.end, undefined);
  const last = reader.read();
  await service.close();
  equal((await last).done, true);
  equal(store.head("rec")!.end, "closed");
});

Deno.test("an answer is read no faster than its client takes it", async () => {
  await using store = await openMemoryLoom();
  let pulls = 0;
  const service: Handler = () =>
    new Response(
      new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(1024).fill(++pulls)),
      }, { highWaterMark: 0 }),
    );
  const response = await record(service, store, named)(at("/"));
  const reader = response.body!.getReader();
  await reader.read();
  await until("it is stored", () => store.head("rec")!.tail === 1024);
  equal(pulls, 1);
  reader.releaseLock(); // cancelled, it would be recorded for ever
});

Deno.test("an answer whose client leaves is recorded to its end, and the service does not learn of it", async () => {
  await using store = await openMemoryLoom();
  const service = written();
  await using server = await listen(record(service.handler, store, named));
  const client = await RawClient.connect(server.url);
  await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await client.head();
  await service.write("one");
  equal(await client.chunk(), "one");
  client[Symbol.dispose]();
  const many = "x".repeat(100_000);
  for (let i = 0; i < 100; i++) await service.write(many); // far more than pipes and buffers take
  await service.close();
  await ended(store);
  deepEqual([store.head("rec")!.end, store.head("rec")!.tail], ["closed", 3 + 100 * many.length]);
  equal(service.signal.aborted, false);
});

Deno.test("with onLeave abort, an answer whose client leaves is given up", async () => {
  await using store = await openMemoryLoom();
  const service = written();
  await using server = await listen(record(service.handler, store, { ...named, onLeave: "abort" }));
  const client = await RawClient.connect(server.url);
  await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await client.head();
  await service.write("one");
  equal(await client.chunk(), "one");
  client[Symbol.dispose]();
  await ended(store);
  deepEqual([store.head("rec")!.end, await contentOf(store)], ["aborted", "one"]);
  deepEqual([service.signal.aborted, service.cancelled], [true, true]);
});

Deno.test("a cancelled body counts as a client that left", async () => {
  for (const onLeave of ["continue", "abort"] as const) {
    await using store = await openMemoryLoom();
    const service = written();
    const response = await record(service.handler, store, { ...named, onLeave })(at("/"));
    const reader = response.body!.getReader();
    const first = reader.read();
    await service.write("one");
    await first;
    await reader.cancel();
    if (onLeave === "continue") {
      await service.write(" two");
      await service.close();
    }
    await ended(store);
    deepEqual(
      [store.head("rec")!.end, await contentOf(store)],
      onLeave === "continue" ? ["closed", "one two"] : ["aborted", "one"],
    );
  }
});

Deno.test("the signal gives up the answers whose clients have left, and only those", async () => {
  await using store = await openMemoryLoom();
  const stop = new AbortController();
  const [stays, leaves] = [written(), written()];
  const staying = await record(stays.handler, store, { id: () => "stays", signal: stop.signal })(at("/"));
  const leaving = await record(leaves.handler, store, { ...named, signal: stop.signal })(at("/"));
  const reader = leaving.body!.getReader();
  const first = reader.read();
  await leaves.write("one");
  await first;
  await reader.cancel();
  await leaves.write("two");
  equal(store.head("rec")!.end, undefined);
  stop.abort();
  await ended(store);
  deepEqual([store.head("rec")!.end, leaves.signal.aborted], ["aborted", true]);
  equal(stays.signal.aborted, false);
  const text = staying.text();
  await stays.write("all of it");
  await stays.close();
  deepEqual([await text, store.head("stays")!.end], ["all of it", "closed"]);
});

Deno.test("an answer that breaks marks its stream aborted, and breaks for the client", async () => {
  await using store = await openMemoryLoom();
  const service = written();
  const response = await record(service.handler, store, named)(at("/"));
  const text = response.text();
  text.catch(() => {/* looked at below */});
  await service.write("half");
  await service.fail();
  await rejects(text, /the service failed/);
  deepEqual([store.head("rec")!.end, await contentOf(store)], ["aborted", "half"]);
});

Deno.test("a store that fails does not fail the answer, and is told", async () => {
  const failures: unknown[] = [];
  const onError = (error: unknown) => void failures.push((error as StreamError).code);
  await using store = await openMemoryLoom({ limits: { streamBytes: 5 } });
  const service = written();
  const response = await record(service.handler, store, { ...named, onError })(at("/"));
  const text = response.text();
  await service.write("12345");
  await until("it is stored", () => store.head("rec")!.tail === 5);
  await service.write("67890");
  await service.write("rest");
  await service.close();
  equal(await text, "1234567890rest");
  deepEqual([failures, store.head("rec")!.end, await contentOf(store)], [["too-large"], "aborted", "12345"]);
});

Deno.test("an answer is not recorded under an id that is taken, or is none, and comes all the same", async () => {
  await using store = await openMemoryLoom();
  await store.create("rec", { bytes: bytes("other") });
  for (const [id, code] of [["rec", "exists"], ["../x", "invalid"]]) {
    const failures: string[] = [];
    const onError = (error: unknown) => void failures.push((error as StreamError).code);
    const response = await record(() => new Response("x"), store, { id: () => id, onError })(at("/"));
    deepEqual([await response.text(), response.headers.has("x-stream-id"), failures], ["x", false, [code]]);
  }
  equal(await contentOf(store), "other");
});

Deno.test("answers without a body, and to HEAD, are not recorded", async () => {
  await using store = await openMemoryLoom();
  const handler = record(() => new Response(null, { status: 204 }), store);
  ok(!(await handler(at("/"))).headers.has("x-stream-id"));
  const head = await record(() => new Response("x"), store)(at("/", { method: "HEAD" }));
  ok(!head.headers.has("x-stream-id"));
  deepEqual(store.list().streams, []);
});

Deno.test("trailers of an answer are kept", async () => {
  await using store = await openMemoryLoom();
  const service: Handler = () => {
    const response = new Response("x");
    promiseTrailers(response, Promise.resolve(new Headers({ "x-sum": "1" })));
    return response;
  };
  const response = await record(service, store)(at("/"));
  equal((await trailersOf(response))!.get("x-sum"), "1");
  await response.text();
});
