import { deepEqual, equal, match, ok } from "node:assert/strict";
import { offset, startServer, status, told } from "./conformance/durable_server.ts";

const second = 1000;

Deno.test("a catch-up is given in pieces, each of which says where the next one begins", async () => {
  await using server = await startServer({ catchUpBytes: 4 });
  await server.make("a", "text/plain", "abcdefghij");
  const seen: unknown[] = [];
  for (let at = "-1", upToDate = false; !upToDate;) {
    const answer = await server.ask("GET", `a?offset=${at}`);
    upToDate = answer.headers.get("stream-up-to-date") === "true";
    at = answer.headers.get("stream-next-offset")!;
    seen.push([await answer.text(), at, upToDate, answer.headers.get("cache-control")]);
  }
  const kept = "private, max-age=60, stale-while-revalidate=300";
  deepEqual(seen, [
    ["abcd", offset(4), false, kept],
    ["efgh", offset(8), false, kept],
    ["ij", offset(10), true, "private, no-cache"],
  ]);
});

Deno.test("messages of a JSON stream are given whole, as an array, also from the middle", async () => {
  await using server = await startServer({ catchUpBytes: 8 });
  await server.make("a", "application/json", '[{"a":1},{"b":[2,3]}, "c,\\n"]', "4");
  const first = await server.ask("GET", "a");
  deepEqual(await first.json(), [{ a: 1 }]);
  const next = first.headers.get("stream-next-offset");
  const second = await server.ask("GET", `a?offset=${next}`);
  deepEqual((await second.json())[0], { b: [2, 3] });
  deepEqual(await told(server.ask("GET", "a?offset=now")), [200, "[]"]);
  equal(await status(server.ask("GET", `a?offset=${offset(3)}`)), 400);
});

Deno.test("what is asked for with the right entity tag is not sent again, until there is more", async () => {
  await using server = await startServer();
  await server.make("a", "text/plain", "abc");
  const first = await server.ask("GET", "a");
  const etag = first.headers.get("etag")!;
  equal(await first.text(), "abc");
  for (const tags of [etag, `"x", ${etag}`, `W/${etag}`, "*"]) {
    const again = await server.ask("GET", "a", { headers: { "if-none-match": tags } });
    deepEqual([again.status, await again.text(), again.headers.get("etag")], [304, "", etag]);
  }
  await server.ask("POST", "a", { headers: { "stream-closed": "true" } });
  const ended = await server.ask("GET", "a", { headers: { "if-none-match": etag } });
  deepEqual([ended.status, await ended.text(), ended.headers.get("stream-closed")], [200, "abc", "true"]);
});

Deno.test("a stream that takes a deleted one's path has other entity tags", async () => {
  await using server = await startServer();
  const tags = new Set<string | null>();
  for (let i = 0; i < 2; i++) {
    await server.make("a", "text/plain", "abc");
    const answer = await server.ask("HEAD", "a");
    tags.add(answer.headers.get("etag"));
    await server.ask("DELETE", "a");
  }
  equal(tags.size, 2);
});

Deno.test("a reader whose offset is beyond the end goes on at the end", async () => {
  await using server = await startServer();
  await server.make("a", "text/plain", "abc");
  const answer = await server.ask("GET", `a?offset=${offset(100)}`);
  deepEqual([await answer.text(), answer.headers.get("stream-next-offset")], ["", offset(3)]);
});

Deno.test("a read can begin at a time", async () => {
  let now = Date.UTC(2030, 0, 1);
  await using server = await startServer({ store: { clock: () => now } });
  await server.make("a", "text/plain", "early ");
  now += 3600 * second;
  await server.store.append("a", new TextEncoder().encode("late"));
  const texts = async (at: string | number) => (await told(server.ask("GET", `a?at=${at}`)))[1];
  match(await texts("2030-01-01T00:00:00Z"), /^early late$/);
  match(await texts(now + 1), /^$/);
  match(await texts(now), /late$/);
  equal(await status(server.ask("GET", "a?at=yesterday")), 400);
});

Deno.test("a read can begin so many bytes before the end", async () => {
  await using server = await startServer();
  await server.make("a", "text/plain", "abcdef");
  await server.make("json", "application/json", "[1,2]");
  deepEqual(await told(server.ask("GET", "a?last=2")), [200, "ef"]);
  deepEqual(await told(server.ask("GET", "a?last=0")), [200, ""]);
  deepEqual(await told(server.ask("GET", "a?last=1000")), [200, "abcdef"]);
  deepEqual(await told(server.ask("GET", "json?last=3")), [200, "[2]"]); // of messages, whole ones
  for (const path of ["a?last=", "a?last=-1", "a?last=1&offset=-1", "a?last=1e3"]) {
    equal(await status(server.ask("GET", path)), 400, path);
  }
});

Deno.test("the beginning is the first byte that is kept, and what was let go is gone", async () => {
  await using server = await startServer({ store: { limits: { keepBytes: 4 } } });
  await server.make("a", "text/plain", "aaaa", "bbbb");
  await server.store.expire();
  const { start } = server.store.head("a")!;
  ok(start > 0);
  deepEqual(await told(server.ask("GET", "a")), [200, "aaaabbbb".slice(start)]);
  const gone = await server.ask("GET", `a?offset=${offset(0)}`);
  equal(gone.status, 410);
  equal((await gone.json()).firstOffset, offset(start));
});

Deno.test("parts of a finished stream can be read by ranges of bytes", async () => {
  await using server = await startServer({ catchUpBytes: 4 });
  await server.make("a", "text/plain", "abcdefghij");
  const range = async (range: string, headers: Record<string, string> = {}) => {
    const answer = await server.ask("GET", "a", { headers: { range, ...headers } });
    return [answer.status, answer.headers.get("content-range"), await answer.text()];
  };
  deepEqual(await range("bytes=1-2"), [200, null, "abcd"], "it may grow: no ranges yet");
  await server.ask("POST", "a", { headers: { "stream-closed": "true" } });
  deepEqual(await range("bytes=1-2"), [206, "bytes 1-2/10", "bc"]);
  deepEqual(await range("bytes=0-"), [206, "bytes 0-9/10", "abcdefghij"], "longer than a piece");
  deepEqual(await range("bytes=-3"), [206, "bytes 7-9/10", "hij"]);
  deepEqual(await range("bytes=8-100"), [206, "bytes 8-9/10", "ij"]);
  deepEqual((await range("bytes=10-")).slice(0, 2), [416, "bytes */10"]);
  deepEqual((await range("bytes=-0")).slice(0, 2), [416, "bytes */10"]);
  for (const ignored of ["bytes=1-2,4-5", "lines=1-2", "bytes=2-1", "bytes=-", "bytes=a-b"]) {
    deepEqual(await range(ignored), [200, null, "abcd"], ignored);
  }
  const etag = (await server.ask("HEAD", "a")).headers.get("etag")!;
  deepEqual((await range("bytes=1-2", { "if-range": etag }))[0], 206);
  deepEqual((await range("bytes=1-2", { "if-range": '"other"' }))[0], 200);
});

Deno.test("HEAD tells what is known of a stream, in ASCII", async () => {
  await using server = await startServer();
  const metadata = '{"name":"Zoë","size":1}';
  const headers = {
    "content-type": "text/plain",
    "stream-ttl": "60",
    "x-stream-metadata": String.fromCharCode(...new TextEncoder().encode(metadata)),
  };
  equal(await status(server.ask("PUT", "a", { headers, body: "abc" })), 201);
  const answer = await server.ask("HEAD", "a");
  const fields = ["content-type", "stream-next-offset", "stream-ttl", "x-stream-metadata", "cache-control"];
  deepEqual(fields.map((name) => answer.headers.get(name)), [
    "text/plain",
    offset(3),
    "60",
    '{"name":"Zo\\u00eb","size":1}',
    "no-store",
  ]);
});

Deno.test("streams are listed by prefix, and page by page", async () => {
  await using server = await startServer();
  for (const id of ["a/1", "a/2", "a/3", "b"]) await server.make(id, "text/plain", "xy");
  const list = async (query: string) => await (await server.ask("GET", query)).json();
  const page = await list("?prefix=a/&limit=2");
  deepEqual(page.streams.map(({ id }: { id: string }) => id), ["a/1", "a/2"]);
  deepEqual((await list(`?prefix=a/&after=${page.next}`)).streams.map(({ id }: { id: string }) => id), ["a/3"]);
  const [{ contentType, nextOffset, bytes, closed }] = (await list("?prefix=b")).streams;
  deepEqual([contentType, nextOffset, bytes, closed], ["text/plain", offset(2), 2, false]);
  deepEqual((await (await fetch(server.url.slice(0, -1))).json()).streams.length, 4);
  for (const limit of ["0", "1001", "-1", "a", ""]) equal(await status(server.ask("GET", `?limit=${limit}`)), 400);
});

Deno.test("no path names another stream than its own, and none that is no id names any", async () => {
  await using server = await startServer();
  const headers = { "content-type": "text/plain" };
  for (
    const path of ["%00", "a%0Ab", "a%7F", "a/%2E%2E%2Fb", "a//b", "a/", "%2F", "%ff", "%E0%A4%A", "x".repeat(1025)]
  ) {
    equal(await status(server.ask("PUT", path, { headers })), 400, path);
    equal(await status(server.ask("GET", path)), 400, path);
  }
  equal(await status(server.ask("PUT", "x".repeat(10_240), { headers })), 400);
  equal(await status(server.ask("PUT", "__ds/x", { headers })), 404);
  equal(await status(server.ask("PUT", "%5F%5Fds/x", { headers })), 404);
  deepEqual(server.store.list().streams, []);
  equal(await status(server.ask("PUT", "a%2Fb%20c/%C3%A9", { headers })), 201);
  deepEqual(server.store.list().streams.map(({ id }) => id), ["a/b c/é"]);
  equal(await status(server.ask("GET", "a/b c/é")), 200);
});
