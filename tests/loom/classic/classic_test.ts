/** The classic API over real HTTP: what its clients send and see. */

import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import type { ServeOptions } from "../../../src/http/node_server.ts";
import { classicHandler, type ClassicOptions } from "../../../src/loom/classic/classic_handler.ts";
import { openMemoryLoom } from "../../../src/loom/open_loom.ts";
import type { StreamStore } from "../../../src/loom/stream_store.ts";
import { seen } from "../../support/ask.ts";
import { listen } from "../../support/in_process.ts";
import { heldBytes } from "../../support/memory.ts";
import { RawClient } from "../../support/raw_client.ts";
import { until, within } from "../../support/within.ts";

interface Loom extends AsyncDisposable {
  readonly url: string;
  readonly store: StreamStore;
}

async function loom(options: ClassicOptions = {}, server: Partial<ServeOptions> = {}): Promise<Loom> {
  const store = await openMemoryLoom();
  const listening = await listen(classicHandler(store, options), server);
  return {
    url: listening.url,
    store,
    [Symbol.asyncDispose]: async () => {
      await listening[Symbol.asyncDispose]();
      await store.close();
    },
  };
}

/** A producer that sends its body piece by piece; its answer's head has come. */
async function produce(url: string, path: string, fields = ""): Promise<RawClient> {
  const client = await RawClient.connect(url);
  await client.send(`POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n${fields}\r\n`);
  return client;
}

const chunk = (text: string) => `${new TextEncoder().encode(text).byteLength.toString(16)}\r\n${text}\r\n`;
const LAST = "0\r\n\r\n";

/** A reader that has got its answer's head. */
async function follow(url: string, path: string) {
  const client = await RawClient.connect(url);
  await client.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
  return { client, head: await client.head() };
}

async function upload(url: string, path: string, body: BodyInit, headers: Record<string, string> = {}) {
  const response = await fetch(url + path, { method: "POST", body, headers });
  return { status: response.status, body: await response.text(), id: response.headers.get("x-stream-id") };
}

// Making streams

Deno.test("POST answers 201 with an id that can't be guessed, at /stream and at /stream/", async () => {
  await using server = await loom();
  const ids = new Set<string>();
  for (const path of ["/stream", "/stream/", "/stream"]) {
    const { status, body, id } = await upload(server.url, path, "x");
    deepEqual([status, body], [201, ""]);
    match(id!, /^[A-Za-z0-9_-]{22,64}$/);
    ids.add(id!);
    deepEqual(await seen(`${server.url}/stream/${id}`), { status: 200, body: "x" });
  }
  equal(ids.size, 3);
});

Deno.test("POST answers before the body has come, and ends when all is stored", async () => {
  await using server = await loom();
  using producer = await produce(server.url, "/stream/live");
  const head = await producer.head();
  deepEqual([head.status, head.headers["x-stream-id"]], [201, "live"]);
  await producer.send(chunk("one\n"));
  using reader = (await follow(server.url, "/stream/live")).client;
  equal(await reader.chunk(), "one\n");
  await producer.send(chunk("two\n"));
  equal(await reader.chunk(), "two\n");
  await producer.send(LAST);
  equal(await reader.chunk(), "");
  equal(await producer.chunk(), "");
  equal(server.store.head("live")!.end, "closed");
});

Deno.test("a taken id is 409 with the documented body, also while its producer is at work", async () => {
  await using server = await loom();
  using producer = await produce(server.url, "/stream/mine");
  await producer.head();
  await producer.send(chunk("first"));
  const error = "The stream with ID mine already exists. Specify force=true query param to override.";
  const fields: Record<string, string>[] = [{}, { "content-type": "image/x" }, { "x-stream-metadata": "1" }];
  for (const headers of fields) {
    const { status, body } = await upload(server.url, "/stream/mine", new Uint8Array([1]), headers);
    deepEqual([status, JSON.parse(body)], [409, { error }]);
  }
  await producer.send(LAST);
  equal(await producer.chunk(), "");
  equal((await upload(server.url, "/stream/mine", "second")).status, 409);
  deepEqual(await seen(`${server.url}/stream/mine`), { status: 200, body: "first" });
});

Deno.test("of producers that begin one stream at the same time, one gets it", async () => {
  await using server = await loom();
  const answers = await Promise.all([1, 2, 3, 4, 5].map((n) => upload(server.url, "/stream/race", `${n}`)));
  deepEqual(answers.map(({ status }) => status).sort(), [201, 409, 409, 409, 409]);
  const winner = answers.findIndex(({ status }) => status === 201) + 1;
  deepEqual(await seen(`${server.url}/stream/race`), { status: 200, body: `${winner}` });
});

Deno.test("?force=true replaces: readers of the old one break off, its producer's answer breaks", async () => {
  await using server = await loom();
  using producer = await produce(server.url, "/stream/f");
  await producer.head();
  await producer.send(chunk("old"));
  using reader = (await follow(server.url, "/stream/f")).client;
  equal(await reader.chunk(), "old");
  equal((await upload(server.url, "/stream/f?force=true", "new")).status, 201);
  await rejects(within("the reader breaks off", reader.chunk()), /connection was/);
  await producer.send(chunk("more"));
  await rejects(within("the producer is told", producer.chunk()), /connection was/);
  deepEqual(await seen(`${server.url}/stream/f`), { status: 200, body: "new" });
  equal((await upload(server.url, "/stream/f?force=false", "no")).status, 409);
});

Deno.test("an empty body makes an empty stream that has ended", async () => {
  await using server = await loom();
  const response = await fetch(`${server.url}/stream/empty`, { method: "POST" });
  deepEqual([response.status, await response.text()], [201, ""]);
  deepEqual(await seen(`${server.url}/stream/empty`), { status: 200, body: "" });
  equal(server.store.head("empty")!.end, "closed");
});

Deno.test("a producer that goes away ends its stream as aborted, and its readers' answers break", async () => {
  await using server = await loom();
  const producer = await produce(server.url, "/stream/gone");
  await producer.head();
  await producer.send(chunk("half"));
  using reader = (await follow(server.url, "/stream/gone")).client;
  equal(await reader.chunk(), "half");
  producer[Symbol.dispose]();
  await rejects(within("the reader breaks off", reader.chunk()), /connection was/);
  equal(server.store.head("gone")!.end, "aborted");
  const after = await fetch(`${server.url}/stream/gone`);
  deepEqual(
    [after.headers.get("x-stream-end"), after.headers.get("content-length"), await after.text()],
    ["aborted", "4", "half"],
  );
});

Deno.test("a producer that sends less than its Content-Length says is aborted", async () => {
  await using server = await loom();
  using producer = await RawClient.connect(server.url);
  await producer.send("POST /stream/short HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf");
  await producer.head();
  await producer.closeWrite();
  await until("it is aborted", () => server.store.head("short")?.end === "aborted");
});

Deno.test("a producer that is quiet for too long is aborted, and told", async () => {
  await using server = await loom({ idleMs: 200 });
  using producer = await produce(server.url, "/stream/quiet");
  await producer.head();
  await producer.send(chunk("a"));
  using reader = (await follow(server.url, "/stream/quiet")).client;
  equal(await reader.chunk(), "a");
  await rejects(within("the producer is told", producer.chunk()), /connection was/);
  await rejects(within("the reader breaks off", reader.chunk()), /connection was/);
  equal(server.store.head("quiet")!.end, "aborted");
});

Deno.test("the readers of a quiet producer stay", async () => {
  await using server = await loom();
  using producer = await produce(server.url, "/stream/calm");
  await producer.head();
  using reader = (await follow(server.url, "/stream/calm")).client;
  const first = reader.chunk();
  const early = await Promise.race([first, new Promise((resolve) => setTimeout(resolve, 300, "nothing yet"))]);
  equal(early, "nothing yet");
  await producer.send(chunk("at last") + LAST);
  deepEqual([await first, await reader.chunk()], ["at last", ""]);
});

Deno.test("an upload that the store refuses in the middle does not end as if it were whole", async () => {
  await using store = await openMemoryLoom({ limits: { streamBytes: 10 } });
  await using server = await listen(classicHandler(store));
  using producer = await produce(server.url, "/stream/big");
  await producer.head();
  await producer.send(chunk("12345"));
  await until("it is stored", () => store.head("big")!.tail === 5);
  await producer.send(chunk("67890x"));
  await rejects(within("the producer is told", producer.chunk()), /connection was/);
  deepEqual([store.head("big")!.tail, store.head("big")!.end], [5, "aborted"]);
});

// Reading

Deno.test("GET tells type, metadata, id and length of a stream that has ended", async () => {
  await using server = await loom();
  const metadata = { meta: true, name: "Zoë" };
  await upload(server.url, "/stream/a", new Uint8Array([0, 255, 10, 13]), {
    "content-type": "image/x-test; q=1",
    "x-stream-metadata": '{"meta":true,"name":"Zo\\u00eb"}',
  });
  const response = await fetch(`${server.url}/stream/a`);
  deepEqual([...new Uint8Array(await response.arrayBuffer())], [0, 255, 10, 13]);
  const { headers } = response;
  equal(headers.get("content-type"), "image/x-test; q=1");
  deepEqual(JSON.parse(headers.get("x-stream-metadata")!), metadata);
  deepEqual([headers.get("x-stream-id"), headers.get("content-length")], ["a", "4"]);
  equal(headers.get("x-content-type-options"), "nosniff");
});

Deno.test("metadata in raw UTF-8 come back in ASCII, and bad ones make no stream", async () => {
  await using server = await loom();
  using client = await RawClient.connect(server.url);
  await client.send(
    'POST /stream/u HTTP/1.1\r\nHost: x\r\nX-Stream-Metadata: {"n":"漢字"}\r\nContent-Length: 1\r\n\r\nx',
  );
  equal((await client.head()).status, 201);
  const { head } = await follow(server.url, "/stream/u").then(({ client, head }) => {
    client[Symbol.dispose]();
    return { head };
  });
  equal(head.headers["x-stream-metadata"], '{"n":"\\u6f22\\u5b57"}');
  const { status, body } = await upload(server.url, "/stream/bad", "x", { "x-stream-metadata": "{oops" });
  deepEqual([status, JSON.parse(body)], [400, { error: "X-Stream-Metadata is not valid JSON in UTF-8" }]);
  equal(server.store.head("bad"), undefined);
});

Deno.test("a stream without a type or metadata is bytes with an empty object", async () => {
  await using server = await loom();
  using client = await RawClient.connect(server.url);
  await client.send("POST /stream/plain HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx");
  await client.head();
  await until("it has ended", () => server.store.head("plain")?.end === "closed");
  const response = await fetch(`${server.url}/stream/plain`);
  await response.text();
  equal(response.headers.get("content-type"), "application/octet-stream");
  equal(response.headers.get("x-stream-metadata"), "{}");
});

Deno.test("GET of a stream that is not there is 404 with the documented body", async () => {
  await using server = await loom();
  const error = "The stream with ID not/there does not exist";
  for (const path of ["not/there", "not%2fthere", "not/there?notail"]) {
    const { status, body } = await seen(`${server.url}/stream/${path}`);
    deepEqual([status, JSON.parse(body)], [404, { error }]);
  }
});

Deno.test("?notail gives what is there and ends, and the stream goes on", async () => {
  await using server = await loom();
  using producer = await produce(server.url, "/stream/n");
  await producer.head();
  await producer.send(chunk("now"));
  await until("it is stored", () => server.store.head("n")!.tail === 3);
  for (const query of ["notail", "notail=true", "notail=1"]) {
    deepEqual(await seen(`${server.url}/stream/n?${query}`), { status: 200, body: "now" });
  }
  await producer.send(chunk(" later") + LAST);
  equal(await producer.chunk(), "");
  deepEqual(await seen(`${server.url}/stream/n?notail`), { status: 200, body: "now later" });
});

Deno.test("HEAD tells what GET would, without a body", async () => {
  await using server = await loom();
  await upload(server.url, "/stream/h", "12345", { "content-type": "text/x" });
  const { status, headers } = await fetch(`${server.url}/stream/h`, { method: "HEAD" });
  deepEqual([status, headers.get("content-length"), headers.get("content-type")], [200, "5", "text/x"]);
  equal((await fetch(`${server.url}/stream/none`, { method: "HEAD" })).status, 404);
});

Deno.test("parts of a stream that has ended may be asked for, and copies kept", async () => {
  await using server = await loom();
  await upload(server.url, "/stream/r", "0123456789");
  const get = (headers: Record<string, string>) => fetch(`${server.url}/stream/r`, { headers });
  const part = await get({ range: "bytes=2-4" });
  deepEqual([part.status, part.headers.get("content-range"), await part.text()], [206, "bytes 2-4/10", "234"]);
  const beyond = await get({ range: "bytes=10-" });
  deepEqual([beyond.status, beyond.headers.get("content-range")], [416, "bytes */10"]);
  await beyond.body?.cancel();
  const etag = part.headers.get("etag")!;
  const known = await get({ "if-none-match": etag });
  deepEqual([known.status, await known.text()], [304, ""]);
  const other = await get({ range: "bytes=2-4", "if-range": '"other"' });
  deepEqual([other.status, await other.text()], [200, "0123456789"]);
});

Deno.test("an upload of JSON is read back as it came, and live", async () => {
  await using server = await loom();
  using producer = await produce(server.url, "/stream/j", "Content-Type: application/json; charset=utf-8\r\n");
  await producer.head();
  await producer.send(chunk('{"a":\n '));
  const { client, head } = await follow(server.url, "/stream/j");
  using reader = client;
  equal(head.headers["content-type"], "application/json; charset=utf-8");
  equal(await reader.chunk(), '{"a":\n ');
  await producer.send(chunk("1}") + LAST);
  equal(await reader.chunk(), "1}");
});

Deno.test("messages of a JSON stream are read as one JSON array, whole when the stream has ended", async () => {
  await using server = await loom();
  const bytes = (text: string) => new TextEncoder().encode(text);
  await server.store.create("m", { contentType: "application/json" });
  deepEqual(await seen(`${server.url}/stream/m?notail`), { status: 200, body: "[]" });
  await server.store.append("m", bytes('[{"a": 1}, "x\\n"]'));
  const { client } = await follow(server.url, "/stream/m");
  using reader = client;
  equal(await reader.chunk(), '[{"a": 1},"x\\n"');
  await server.store.append("m", bytes("3"), { end: "closed" });
  equal(await reader.chunk(), ",3");
  equal(await reader.chunk(), "]");
  const response = await fetch(`${server.url}/stream/m`);
  const text = await response.text();
  deepEqual(JSON.parse(text), [{ a: 1 }, "x\n", 3]);
  equal(response.headers.get("content-length"), `${text.length}`);
});

// Ids, deleting, listing

Deno.test("ids may hold slashes, spaces and any letters, in whatever way they are encoded", async () => {
  await using server = await loom();
  for (
    const [path, id] of [["a/b", "a/b"], ["c%2Fd", "c/d"], ["e%20f%25", "e f%"], ["%E6%BC%A2", "漢"], [
      "g:h@i",
      "g:h@i",
    ]]
  ) {
    const { status, id: told } = await upload(server.url, `/stream/${path}`, path);
    deepEqual([status, decodeURIComponent(told!)], [201, id]);
    ok(server.store.head(id), id);
    deepEqual(await seen(`${server.url}/stream/${told}`), { status: 200, body: path });
  }
});

Deno.test("what is no id is 400", async () => {
  await using server = await loom();
  const bad = ["..%2Fx", "a%2F..%2Fb", "a%2F.", "%00", "a%0Ab", "%ff", "%", "a//b", "x".repeat(10_000), "%C2%85"];
  for (const path of bad) {
    for (const method of ["GET", "HEAD", "POST", "DELETE"]) {
      const response = await fetch(`${server.url}/stream/${path}`, { method });
      equal(response.status, 400, `${method} ${path.slice(0, 20)}`);
      if (method !== "HEAD") equal(typeof (await response.json()).error, "string");
    }
  }
  deepEqual(server.store.list().streams, []);
});

Deno.test("DELETE answers 204, then 404", async () => {
  await using server = await loom();
  await upload(server.url, "/stream/d/1", "x");
  const remove = async () => (await seen(`${server.url}/stream/d/1`, { method: "DELETE" })).status;
  deepEqual([await remove(), await remove()], [204, 404]);
  equal((await seen(`${server.url}/stream/d/1`)).status, 404);
});

Deno.test("the list tells streams by prefix, in parts", async () => {
  await using server = await loom();
  for (const id of ["a/1", "a/2", "a/3", "b"]) {
    await upload(server.url, `/stream/${id}`, id, { "x-stream-metadata": "{}" });
  }
  const list = async (query: string) => await (await fetch(`${server.url}/stream${query}`)).json();
  const ids = ({ streams }: { streams: { id: string }[] }) => streams.map(({ id }) => id);
  deepEqual(ids(await list("")), ["a/1", "a/2", "a/3", "b"]);
  const first = await list("?prefix=a/&limit=2");
  deepEqual([ids(first), first.next], [["a/1", "a/2"], "a/2"]);
  const second = await list(`?prefix=a/&limit=2&after=${first.next}`);
  deepEqual([ids(second), second.next], [["a/3"], undefined]);
  const { bytes, state, contentType } = first.streams[0];
  deepEqual([bytes, state, contentType], [3, "closed", "text/plain;charset=UTF-8"]);
  for (const limit of ["0", "1001", "x", "-1", ""]) {
    equal((await seen(`${server.url}/stream?limit=${limit}`)).status, 400);
  }
});

Deno.test("other methods are 405 with those that are allowed", async () => {
  await using server = await loom();
  for (
    const [method, path, allow] of [["PUT", "/stream/x", /DELETE/], ["DELETE", "/stream", /^GET, HEAD, POST/]] as const
  ) {
    const response = await fetch(server.url + path, { method });
    equal(response.status, 405);
    match(response.headers.get("allow")!, allow);
    await response.body?.cancel();
  }
});

// Memory

Deno.test("a reader that is slower than the producer holds little", async () => {
  const store = await openMemoryLoom();
  await using _ = store;
  const piece = new Uint8Array(1024 * 1024).fill(120);
  await store.create("slow");
  const handler = classicHandler(store);
  const readers = await Promise.all(
    Array.from({ length: 50 }, async () => (await handler(new Request("http://x/stream/slow"))).body!.getReader()),
  );
  await store.append("slow", piece);
  await Promise.all(readers.map((reader) => reader.read()));
  const before = heldBytes();
  for (let i = 0; i < 30; i++) await store.append("slow", piece);
  const grown = heldBytes() - before - 30 * piece.byteLength;
  ok(grown < 20 * 1024 * 1024, `${grown} bytes more are held`);
  for (const reader of readers) await reader.cancel();
});

Deno.test("a reader that leaves while it waits leaves nothing behind", async () => {
  await using server = await loom();
  await server.store.create("w");
  const { client } = await follow(server.url, "/stream/w");
  client[Symbol.dispose]();
  await server.store.append("w", new Uint8Array(1), { end: "closed" });
  deepEqual(await seen(`${server.url}/stream/w`), { status: 200, body: "\0" });
});

Deno.test("the signal breaks off the answers that follow a stream, and no others", async () => {
  const stop = new AbortController();
  await using server = await loom({ signal: stop.signal });
  await server.store.create("s", { bytes: new Uint8Array([97]) });
  const { client } = await follow(server.url, "/stream/s");
  using reader = client;
  equal(await reader.chunk(), "a");
  stop.abort();
  await rejects(within("the reader breaks off", reader.chunk()), /connection was/);
  equal((await upload(server.url, "/stream/t", "x")).status, 201);
});
