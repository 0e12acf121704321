import { deepEqual, equal, match } from "node:assert/strict";
import type { Buffer } from "node:buffer";
import { connect } from "node:net";
import { once } from "node:events";
import { within } from "../../support/within.ts";
import { offset, startServer, status, told } from "./conformance/durable_server.ts";

const text = { "content-type": "text/plain" };

Deno.test("an append depends on where the stream ends, when the client says so", async () => {
  await using server = await startServer();
  await server.make("a", "text/plain", "abc");
  const append = (tag: string, body = "x") => server.ask("POST", "a", { headers: { ...text, "if-match": tag }, body });
  const etag = (await server.ask("HEAD", "a")).headers.get("etag")!;
  equal(await status(append('"other"')), 412);
  equal(await status(append(`"${offset(2)}"`)), 412);
  const refused = await append(etag.replace(/3"$/, '2"'));
  deepEqual([refused.status, refused.headers.get("stream-next-offset")], [412, offset(3)]);
  equal((await refused.json()).code, "moved");
  equal(await status(append(etag)), 204);
  equal(await status(append(etag)), 412, "it ends elsewhere now");
  equal(await status(append(`"other", "${offset(4)}"`)), 204);
  equal(await status(append("*")), 204);
  deepEqual(await told(server.ask("GET", "a")), [200, "abcxxx"]);
});

Deno.test("of two appends that depend on one state of the stream one is stored", async () => {
  await using server = await startServer();
  await server.make("a", "text/plain");
  const headers = { ...text, "if-match": `"${offset(0)}"` };
  const asks = ["x", "y"].map((body) => status(server.ask("POST", "a", { headers, body })));
  deepEqual((await Promise.all(asks)).sort(), [204, 412]);
});

Deno.test("an append that is repeated by its producer is stored once, also when it depends on the stream's end", async () => {
  await using server = await startServer();
  await server.make("a", "text/plain");
  const producer = { "producer-id": "p", "producer-epoch": "0", "producer-seq": "0" };
  const headers = { ...text, ...producer, "if-match": `"${offset(0)}"` };
  const answers = [];
  for (let i = 0; i < 2; i++) answers.push(await status(server.ask("POST", "a", { headers, body: "x" })));
  deepEqual(answers, [200, 204]);
  deepEqual(await told(server.ask("GET", "a")), [200, "x"]);
});

Deno.test("a body that is too large is refused before it is sent, or as soon as it shows", async () => {
  await using server = await startServer({ appendBytes: 1000 });
  await server.make("a", "text/plain");
  equal(await status(server.ask("POST", "a", { headers: text, body: "x".repeat(1000) })), 204);
  const head = "POST /v1/stream/a HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n";
  match(await raw(server.port, `${head}Content-Length: 1001\r\n\r\n`), /^HTTP\/1.1 413 /);
  match(
    await raw(server.port, `${head}Transfer-Encoding: chunked\r\n\r\n3e9\r\n${"x".repeat(1001)}\r\n`),
    /^HTTP\/1.1 413 /,
  );
  equal(server.store.head("a")!.tail, 1000);
});

Deno.test("a body that breaks off appends nothing", async () => {
  await using server = await startServer();
  await server.make("a", "text/plain");
  const head = "POST /v1/stream/a HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n";
  for (const framing of ["Content-Length: 10\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"]) {
    const socket = connect(server.port, "127.0.0.1");
    await once(socket, "connect");
    await new Promise((resolve) => socket.write(head + framing, resolve));
    socket.destroy();
    await once(socket, "close");
  }
  equal(await status(server.ask("POST", "a", { headers: text, body: "whole" })), 204);
  deepEqual(await told(server.ask("GET", "a")), [200, "whole"]);
});

Deno.test("bodies of all appends together are bounded", async () => {
  await using server = await startServer({ appendBodiesInAll: 100 });
  await server.make("a", "text/plain");
  const refused = await server.ask("POST", "a", { headers: text, body: "x".repeat(101) });
  await refused.body?.cancel();
  deepEqual([refused.status, refused.headers.get("retry-after")], [503, "1"]);
  for (let i = 0; i < 3; i++) {
    equal(await status(server.ask("POST", "a", { headers: text, body: "x".repeat(60) })), 204);
  }
});

Deno.test("requests that are not as the protocol has them are refused, and store nothing", async () => {
  await using server = await startServer();
  await server.make("a", "text/plain");
  const producer = { "producer-id": "p", "producer-epoch": "0", "producer-seq": "0" };
  const bad: Record<string, string>[] = [
    { "producer-id": "p" },
    { ...producer, "producer-id": "" },
    { ...producer, "producer-id": "x".repeat(257) },
    { ...producer, "producer-epoch": "-1" },
    { ...producer, "producer-seq": "1e3" },
    { ...producer, "producer-seq": "9007199254740992" },
    { "stream-seq": "" },
    { "stream-seq": "x".repeat(257) },
    { "content-type": "nonsense" },
    { "content-type": `text/${"x".repeat(300)}` },
  ];
  for (const fields of bad) {
    equal(
      await status(server.ask("POST", "a", { headers: { ...text, ...fields }, body: "x" })),
      400,
      JSON.stringify(fields),
    );
  }
  equal(await status(server.ask("POST", "a", { headers: { ...text, "content-encoding": "gzip" }, body: "x" })), 415);
  equal(await status(server.ask("PATCH", "a", { headers: text, body: "x" })), 405);
  equal(server.store.head("a")!.tail, 0);
});

Deno.test("streams are made only as the protocol has it", async () => {
  await using server = await startServer();
  const bad: Record<string, string>[] = [
    { "stream-ttl": "" },
    { "stream-ttl": "01" },
    { "stream-ttl": "99999999999999999999" },
    { "stream-expires-at": "2030-01-01" },
    { "stream-expires-at": "tomorrow" },
    { "stream-fork-offset": offset(0) },
    { "stream-forked-from": "a" },
    { "stream-forked-from": "/v1/stream/" },
    { "stream-forked-from": "/v1/stream/%ff" },
    { "stream-forked-from": "/v1/stream/__ds/x" },
    { "stream-forked-from": "/v1/stream/a", "stream-fork-offset": "0" },
    { "x-stream-metadata": "{" },
    { "x-stream-metadata": `"${"x".repeat(20_000)}"` },
    { "content-type": "text" },
  ];
  for (const headers of bad) equal(await status(server.ask("PUT", "b", { headers })), 400, JSON.stringify(headers));
  deepEqual(server.store.list().streams, []);
});

Deno.test("a stream is replaced when the client asks for it", async () => {
  await using server = await startServer();
  await server.make("a", "text/plain", "old");
  equal(await status(server.ask("PUT", "a", { headers: { "content-type": "text/html" } })), 409);
  equal(
    await status(server.ask("PUT", "a?force=true", { headers: { "content-type": "text/html" }, body: "new" })),
    201,
  );
  deepEqual(await told(server.ask("GET", "a")), [200, "new"]);
});

Deno.test("a producer that was interrupted can say so", async () => {
  await using server = await startServer();
  await server.make("a", "text/plain", "abc");
  const headers = { "stream-closed": "true", "x-stream-end": "aborted" };
  equal(await status(server.ask("POST", "a", { headers })), 204);
  for (const method of ["HEAD", "GET"]) {
    const answer = await server.ask(method, "a");
    await answer.body?.cancel();
    deepEqual(["stream-closed", "x-stream-end"].map((name) => answer.headers.get(name)), ["true", "aborted"]);
  }
});

/** Sends bytes as they are, and gives what comes back until the server has said something whole. */
async function raw(port: number, request: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(request);
  const [data] = await within("the server answers", once(socket, "data") as Promise<[Buffer]>);
  socket.destroy();
  return data.toString();
}
