/** Compression of answers: when, and that it never delays a stream. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import zlib from "node:zlib";
import { toReadableStream } from "../../src/bytes/source.ts";
import { compress } from "../../src/gateway/policy/compress.ts";
import { answerWith, knownBytes } from "../../src/http/bytes_response.ts";
import type { Handler } from "../../src/http/handler.ts";
import { problem } from "../../src/http/problem.ts";
import { promiseTrailers } from "../../src/http/trailers.ts";
import { takeOver } from "../../src/http/upgrade.ts";
import { listen } from "../support/in_process.ts";
import { RawClient } from "../support/raw_client.ts";
import { ChunkSource } from "../support/sources.ts";
import { within } from "../support/within.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const text = "All work and no play makes Jack a dull boy.\n".repeat(100);
const DECODERS = {
  gzip: () => zlib.createGunzip(),
  br: () => zlib.createBrotliDecompress(),
  zstd: () => zlib.createZstdDecompress(),
};
type Coding = keyof typeof DECODERS;
const CODINGS = Object.keys(DECODERS) as Coding[];

const decoded: Record<Coding, (bytes: Uint8Array) => Uint8Array> = {
  gzip: (bytes) => zlib.gunzipSync(bytes),
  br: (bytes) => zlib.brotliDecompressSync(bytes),
  zstd: (bytes) => zlib.zstdDecompressSync(bytes),
};

/** What a client gets, its body as it was sent. */
async function ask(handler: Handler, accept: string | undefined, method = "GET", fields: Record<string, string> = {}) {
  await using server = await listen(handler);
  using client = await RawClient.connect(server.url);
  const lines = Object.entries({ ...accept === undefined ? {} : { "Accept-Encoding": accept }, ...fields });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  await client.send(`${method} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${head}\r\n`);
  const { status, headers } = await client.head();
  const chunked = headers["transfer-encoding"] === "chunked";
  const parts: Uint8Array[] = [];
  if (method !== "HEAD" && chunked) {
    for (let size = -1; size !== 0;) {
      size = parseInt(await client.until("\r\n"), 16);
      parts.push(await client.exactly(size));
      if (size > 0) await client.exactly(2);
    }
  } else if (method !== "HEAD") parts.push(await client.exactly(Number(headers["content-length"] ?? 0)));
  return { status, headers, body: new Uint8Array(await new Blob(parts as Bytes[]).arrayBuffer()) };
}

/** A handler of a text, as bytes or as a stream. */
const bytesOf = (headers: Record<string, string>, body = text): Handler => (request) =>
  answerWith(request, encoder.encode(body), { headers });
const streamOf = (headers: Record<string, string>, body = text): Handler => () =>
  new Response(toReadableStream(new ChunkSource([encoder.encode(body)])), { headers });

for (const coding of CODINGS) {
  Deno.test(`a text is compressed with ${coding} for a client that takes it, known or streamed`, async () => {
    for (const make of [bytesOf, streamOf]) {
      const fields = { "content-type": "text/plain", etag: '"1"', "accept-ranges": "bytes", vary: "Origin" };
      const { headers, body } = await ask(compress(make(fields)), coding);
      equal(headers["content-encoding"], coding);
      equal(headers.vary, "Origin, Accept-Encoding");
      equal(headers.etag, 'W/"1"');
      equal(headers["accept-ranges"], undefined);
      equal(new TextDecoder().decode(decoded[coding](body)), text);
      ok(body.byteLength < text.length / 5);
      equal(headers["content-length"], make === bytesOf ? String(body.byteLength) : undefined);
    }
  });

  Deno.test(`each event of a stream in ${coding} arrives, and can be read, before the next is made`, async () => {
    let give: (event: Bytes | undefined) => void = () => {};
    const source = {
      read: () => new Promise<Bytes | undefined>((resolve) => give = resolve),
      cancel: () => give(undefined),
    };
    const asked = (event: Bytes | undefined) => give(event);
    const headers = { "content-type": "text/event-stream" };
    await using server = await listen(compress(() => new Response(toReadableStream(source), { headers })));
    using client = await RawClient.connect(server.url);
    await client.send(`GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: ${coding}\r\n\r\n`);
    equal((await client.head()).headers["content-encoding"], coding);
    const decoder = DECODERS[coding]();
    let read = "";
    let wake = () => {};
    decoder.on("data", (bytes: Uint8Array) => {
      read += new TextDecoder().decode(bytes);
      wake();
    });
    for (let i = 0; i < 50; i++) {
      const event = `data: ${"x".repeat(i * 100)}${i}\n\n`;
      asked(encoder.encode(event));
      read = "";
      while (read.length < event.length) {
        const size = parseInt(await client.until("\r\n"), 16);
        const bytes = await client.exactly(size);
        await client.exactly(2);
        decoder.write(bytes);
        if (read.length < event.length) await within(`event ${i} is decoded`, new Promise<void>((go) => wake = go));
      }
      equal(read, event);
    }
    asked(undefined);
    for (let size = -1; size !== 0;) {
      size = parseInt(await client.until("\r\n"), 16);
      decoder.write(await client.exactly(size));
      if (size > 0) await client.exactly(2);
    }
    const ended = new Promise<void>((resolve) => decoder.on("end", resolve));
    decoder.end();
    await within("the compressed stream ends well", ended);
  });
}

Deno.test("what is not worth it is left as it is", async () => {
  const type = { "content-type": "text/html" };
  const left: Record<string, Handler> = {
    "a short answer": bytesOf(type, "short"),
    "a short stream that tells its length": streamOf({ ...type, "content-length": "5" }, "short"),
    "an image": bytesOf({ "content-type": "image/png" }),
    "no type": bytesOf({ "x-a": "1" }),
    "a body that is coded already": bytesOf({ ...type, "content-encoding": "br" }),
    "no-transform": bytesOf({ ...type, "cache-control": "public, No-Transform" }),
    "a digest": bytesOf({ ...type, "content-digest": "sha-256=:AA==:" }),
    "a part": () => new Response(text, { status: 206, headers: { ...type, "content-range": "bytes 0-1/9" } }),
    "no content": () => new Response(null, { status: 204, headers: type }),
    "a problem": () => problem(404, "Nothing"),
  };
  for (const [what, handler] of Object.entries(left)) {
    const before = await ask(handler, "gzip, br");
    const after = await ask(compress(handler), "gzip, br");
    for (const { headers } of [before, after]) delete (headers as Record<string, string>).date;
    deepEqual(after, before, what);
  }
});

Deno.test("a client that takes no coding is told that others may get another answer", async () => {
  const handler = compress(bytesOf({ "content-type": "application/json" }));
  for (const accept of [undefined, "identity", "gzip;q=0", "deflate"]) {
    const { headers, body } = await ask(handler, accept);
    deepEqual([headers["content-encoding"], headers.vary, body.byteLength], [
      undefined,
      "Accept-Encoding",
      text.length,
    ]);
  }
});

Deno.test("types that are text in other clothes are compressed, and those that only look so are not", async () => {
  const types: Record<string, boolean> = {
    "application/json": true,
    "application/json; charset=utf-8": true,
    "image/svg+xml": true,
    "application/wasm": true,
    "TEXT/CSS": true,
    "application/vnd.api+json": true,
    "text/event-stream": true,
    "application/json-not": false,
    "application/problem+json": false,
    "application/zip": false,
    "video/mp4": false,
  };
  for (const [type, is] of Object.entries(types)) {
    const { headers } = await ask(compress(bytesOf({ "content-type": type })), "gzip");
    equal(headers["content-encoding"] === "gzip", is, type);
  }
});

Deno.test("the answer to HEAD has the fields of that to GET", async () => {
  const fields = { "content-type": "text/plain", etag: '"1"' };
  const length = String(text.length);
  const nothing: Handler = () => new Response(null, { headers: { ...fields, "content-length": length } });
  for (const handler of [bytesOf(fields), streamOf(fields), nothing]) {
    const { headers } = await ask(compress(handler), "gzip", "HEAD");
    const { "content-encoding": coding, etag, vary } = headers;
    deepEqual([coding, etag, vary], ["gzip", 'W/"1"', "Accept-Encoding"]);
    ok(headers["content-length"] !== length);
  }
});

Deno.test("a 304 names the tag that the client asked with", async () => {
  const handler = compress(() => new Response(null, { status: 304, headers: { etag: '"1"' } }));
  for (const etag of ['"1"', 'W/"1"']) {
    const { headers } = await ask(handler, "gzip", "GET", { "If-None-Match": etag });
    deepEqual([headers.etag, headers.vary], [etag, "Accept-Encoding"]);
  }
});

Deno.test("a large known answer is compressed in pieces", async () => {
  const large = Array.from({ length: 100_000 }, (_, index) => String(index * index)).join("\n");
  for (const coding of CODINGS) {
    const { body } = await ask(compress(bytesOf({ "content-type": "text/plain" }, large)), coding);
    equal(new TextDecoder().decode(decoded[coding](body)), large);
  }
});

Deno.test("bytes that are answered with again are compressed once", async () => {
  const bytes = encoder.encode(text);
  const bodies: unknown[] = [];
  const zipped = compress((request) => answerWith(request, bytes, { headers: { "content-type": "text/plain" } }));
  const looking: Handler = async (request, info) => {
    const response = await zipped(request, info);
    bodies.push(knownBytes(response));
    return response;
  };
  await ask(looking, "gzip");
  await ask(looking, "gzip");
  ok(bodies[0] && bodies[0] === bodies[1]);
});

Deno.test("a body that breaks breaks compressed too", async () => {
  for (const coding of CODINGS) {
    const breaks = Promise.withResolvers<Bytes>();
    let reads = 0;
    const source = { read: () => reads++ === 0 ? encoder.encode(text) : breaks.promise, cancel: () => {} };
    const headers = { "content-type": "text/plain" };
    await using server = await listen(compress(() => new Response(toReadableStream(source), { headers })));
    using client = await RawClient.connect(server.url);
    await client.send(`GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: ${coding}\r\n\r\n`);
    await client.head();
    breaks.reject(new Error("broken"));
    equal((await client.rest()).includes("\r\n0\r\n"), false);
  }
});

Deno.test("what a client does not read is not made, and one that leaves ends the source", async () => {
  let made = 0;
  const cancelled = Promise.withResolvers<void>();
  const source = {
    read: () => {
      made++;
      return crypto.getRandomValues(new Uint8Array(64 * 1024));
    },
    cancel: () => cancelled.resolve(),
  };
  const headers = { "content-type": "text/plain" };
  await using server = await listen(compress(() => new Response(toReadableStream(source), { headers })));
  const client = await RawClient.connect(server.url);
  await client.send("GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n");
  await client.head();
  let before = -1;
  while (before !== made) {
    before = made;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  ok(made < 1000, `${made} chunks were made`);
  client[Symbol.dispose]();
  await within("the source is cancelled", cancelled.promise);
});

Deno.test("a connection that is taken over, and trailers, pass through", async () => {
  const taken = takeOver(() => {});
  equal(await compress(() => taken)(new Request("http://x/", { headers: { "accept-encoding": "gzip" } })), taken);
  await using server = await listen(compress(() => {
    const response = new Response(text, { headers: { "content-type": "text/plain", trailer: "x-sum" } });
    promiseTrailers(response, Promise.resolve(new Headers({ "x-sum": "1" })));
    return response;
  }));
  using client = await RawClient.connect(server.url);
  await client.send("GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n");
  equal((await client.head()).headers["content-encoding"], "gzip");
  match(await client.rest(), /\r\nx-sum: 1\r\n\r\n$/);
});
