import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { concat } from "../../../src/bytes/source.ts";
import { type FollowOptions, followStream } from "../../../src/loom/client/follow.ts";
import { formatOffset } from "../../../src/loom/offset.ts";
import type { StreamStore } from "../../../src/loom/stream_store.ts";
import { cuttingProxy, randomNumbers, serveStreams } from "../../support/stream_server.ts";
import { within } from "../../support/within.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const id = "logs/é 1";

async function collect(options: FollowOptions): Promise<Uint8Array> {
  return concat(await within("the stream ends", Array.fromAsync(followStream(options))));
}

async function text(options: FollowOptions): Promise<string> {
  return decoder.decode(await collect(options));
}

async function append(store: StreamStore, content: string): Promise<void> {
  await store.append(id, encoder.encode(content));
}

async function end(store: StreamStore, how: "closed" | "aborted" = "closed"): Promise<void> {
  await store.append(id, new Uint8Array(0), { end: how });
}

Deno.test("all bytes are read as they are, in as many pieces as the server makes of them", async () => {
  await using server = await serveStreams();
  const bytes = new Uint8Array(5_000_000).map((_, i) => (i * 7919) >> 3);
  await server.store.create(id, { bytes, closed: true });
  deepEqual(await collect({ url: server.url, id }), bytes);
  ok(server.requests.length > 1);
});

Deno.test("what is added is followed until the stream ends", async () => {
  await using server = await serveStreams();
  await server.store.create(id, { contentType: "text/plain" });
  const reader = followStream({ url: server.url, id });
  for (const line of ["one\n", "two\n", "three\n"]) {
    const next = reader.next();
    await append(server.store, line);
    const { value } = await within("the line comes", next);
    equal(decoder.decode(value as Uint8Array), line);
  }
  const last = reader.next();
  await end(server.store);
  equal((await within("the stream ends", last)).done, true);
});

Deno.test("it begins where it is told, and waits for nothing when it is told so", async () => {
  await using server = await serveStreams();
  const { url, store } = server;
  await store.create(id, { bytes: encoder.encode("0123456789") });
  equal(await text({ url, id, follow: false }), "0123456789");
  equal(await text({ url, id, follow: false, from: formatOffset(7) }), "789");
  equal(await text({ url, id, follow: false, from: "now" }), "");
  const reader = followStream({ url, id, from: "now" });
  const next = reader.next();
  while (!server.requests.some((request) => request.includes("long-poll"))) {
    await new Promise((resolve) => setTimeout(resolve));
  }
  await append(store, "new");
  equal(decoder.decode((await next).value as Uint8Array), "new");
  await reader.return();
  await rejects(text({ url, id, from: "3" }), { code: "refused", message: /400.*offset/i });
});

Deno.test("no byte is lost or doubled over connections that are cut at any place", async () => {
  await using server = await serveStreams();
  const random = randomNumbers(3);
  const budgets = randomNumbers(4);
  let connections = 0;
  await using proxy = cuttingProxy(server, () => ++connections % 4 === 0 ? 2e6 : 500 + Math.floor(budgets() * 150_000));
  let expected = "";
  const grow = async () => {
    const part = Array.from({ length: 2000 }, () => `${random()}\n`).join("");
    expected += part;
    await append(server.store, part);
  };
  await server.store.create(id);
  for (let i = 0; i < 60; i++) await grow();
  const reading = text({ url: proxy.url, id });
  for (let i = 0; i < 20; i++) {
    await grow();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await end(server.store);
  ok(await reading === expected);
  ok(proxy.cuts > 2, `${proxy.cuts} cuts`);
});

Deno.test("a stream of JSON is a line for each value, also over connections that are cut", async () => {
  await using server = await serveStreams();
  const random = randomNumbers(5);
  let connections = 0;
  await using proxy = cuttingProxy(server, () => ++connections % 4 === 0 ? 3e6 : 500 + Math.floor(random() * 60_000));
  const values = Array.from({ length: 5000 }, (_, i) => `{"n": ${i}, "text": "a, [b] \\" ${"é".repeat(i % 5)}"}`);
  await server.store.create(id, { contentType: "application/json" });
  for (let i = 0; i < values.length; i += 100) {
    await server.store.append(id, encoder.encode(`[${values.slice(i, i + 100).join(" ,\n")}]`));
  }
  await end(server.store);
  equal(await text({ url: proxy.url, id }), values.join("\n") + "\n");
  ok(proxy.cuts > 2, `${proxy.cuts} cuts`);
});

Deno.test("it goes on when the server comes back", async () => {
  await using server = await serveStreams();
  await server.store.create(id, { bytes: encoder.encode("before ") });
  const broken = Promise.withResolvers<void>();
  const reading = text({
    url: server.url,
    id,
    onState: ({ kind }) => kind === "reconnecting" && broken.resolve(),
  });
  while (!server.requests.some((request) => request.includes("long-poll"))) {
    await new Promise((resolve) => setTimeout(resolve));
  }
  await server.crash();
  await append(server.store, "between ");
  await within("it notices", broken.promise);
  await server.restart();
  await append(server.store, "after");
  await end(server.store);
  equal(await reading, "before between after");
});

Deno.test("the end of a stream whose producer went away is an error behind the last byte", async () => {
  await using server = await serveStreams();
  await server.store.create(id, { bytes: encoder.encode("half") });
  await end(server.store, "aborted");
  for (const follow of [true, false]) {
    const reader = followStream({ url: server.url, id, follow });
    equal(decoder.decode((await reader.next()).value as Uint8Array), "half");
    await rejects(reader.next(), { code: "aborted" });
  }
});

Deno.test("a stream that is not there, or no longer, is told", async () => {
  await using server = await serveStreams();
  const { url, store } = server;
  await rejects(text({ url, id }), { code: "not-found" });
  await store.create(id, { bytes: encoder.encode("some") });
  const reader = followStream({ url, id });
  await reader.next();
  const next = reader.next();
  await store.delete(id);
  await rejects(within("it is told", next), { code: "not-found" });
});

Deno.test("another stream that took the id is not taken for what follows", async () => {
  let created = 0;
  await using server = await serveStreams((handler) => async (request, info) => {
    const response = await handler(request, info);
    if (created > 0) response.headers.set("x-stream-created", String(created));
    return response;
  });
  const { url, store } = server;
  const replaced = async (bytes: number) => {
    await store.create(id, { bytes: new Uint8Array(3_000_000), force: true });
    const reader = followStream({ url, id });
    await reader.next();
    await store.create(id, { bytes: new Uint8Array(bytes), force: true });
    if (created > 0) created++;
    await rejects(within("it is told", Array.fromAsync(reader)), { code: "lost" });
  };
  await replaced(1); // what was read is more than there is
  created = 1;
  await replaced(4_000_000); // the server says that it is another one
});

Deno.test("a reader that leaves lets go of its connection", async () => {
  await using server = await serveStreams();
  await server.store.create(id, { bytes: new Uint8Array(3_000_000) });
  for await (const chunk of followStream({ url: server.url, id })) {
    ok(chunk.byteLength > 0);
    break;
  }
  const stop = new AbortController();
  const reading = text({ url: server.url, id, from: "now", signal: stop.signal });
  while (!server.requests.some((request) => request.includes("long-poll"))) {
    await new Promise((resolve) => setTimeout(resolve));
  }
  stop.abort(new Error("enough"));
  await rejects(reading, /enough/);
});

Deno.test("a server that answers at once with nothing is not asked all the time", async () => {
  const headers = { "stream-next-offset": "0", "stream-up-to-date": "true" };
  await using server = await serveStreams(() => () => new Response(null, { status: 204, headers }));
  const stop = new AbortController();
  const reading = text({ url: server.url, id, signal: stop.signal });
  await new Promise((resolve) => setTimeout(resolve, 500));
  stop.abort(new Error("enough"));
  await rejects(reading, /enough/);
  ok(server.requests.length < 8, `${server.requests.length} requests`);
});

Deno.test("a reader is told where it is, and goes on there another time", async () => {
  await using server = await serveStreams();
  await server.store.create(id, { contentType: "text/plain" });
  const add = (text: string) => server.store.append(id, new TextEncoder().encode(text));
  const offsets: string[] = [];
  const read = (from?: string) => {
    return text({ url: server.url, id, from, follow: false, onOffset: (offset) => offsets.push(offset) });
  };
  await add("one");
  equal(await read(), "one");
  await add("two");
  equal(await read(offsets.at(-1)), "two");
  equal(await read(offsets.at(-1)), "");
});
