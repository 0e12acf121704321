/** Heads that programs write: good ones, odd ones, and those that must not reach a client. */

import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { ProgramError } from "../../src/errors.ts";
import { limits } from "../../src/limits.ts";
import { parseFields, readHead } from "../../src/process/response_head.ts";
import { ChunkSource, fromLatin1, latin1, readAll, splits } from "../support/sources.ts";
import { concat } from "../../src/bytes/source.ts";

type Form = "cgi" | "http";

interface Valid {
  readonly text: string;
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly framing?: "chunked";
  readonly length?: number;
}

const valid: Record<Form, Record<string, Valid>> = {
  cgi: {
    "a type alone is 200": {
      text: "Content-Type: text/html\r\n\r\n<p>",
      status: 200,
      headers: { "content-type": "text/html" },
      body: "<p>",
    },
    "a status": {
      text: "Status: 404 Not Found\nContent-Type: a/b\n\nno",
      status: 404,
      headers: { "content-type": "a/b" },
      body: "no",
    },
    "a status without words": { text: "Status: 201\n\n", status: 201 },
    "a status with a space behind it": { text: "Status: 299 \n\n", status: 299 },
    "a location alone is 302": { text: "Location: /there\n\n", status: 302, headers: { location: "/there" } },
    "a location with a status": {
      text: "Location: /there\nStatus: 201 Made\n\n",
      status: 201,
      headers: { location: "/there" },
    },
    "lines that end in LF": {
      text: "A: 1\nB: 2\n\nrest\n\nof it",
      status: 200,
      headers: { a: "1", b: "2" },
      body: "rest\n\nof it",
    },
    "lines that end as they like": {
      text: "A: 1\r\nB: 2\n\r\nrest",
      status: 200,
      headers: { a: "1", b: "2" },
      body: "rest",
    },
    "no space behind the colon, much around the value": {
      text: "A:1\nB: \t 2 \t\n\n",
      status: 200,
      headers: { a: "1", b: "2" },
    },
    "an empty value": { text: "A:\n\n", status: 200, headers: { a: "" } },
    "a value with colons": { text: "A: b:c: d\n\n", status: 200, headers: { a: "b:c: d" } },
    "bytes above 127": { text: "A: \xe9\xfc\n\n\xff\0", status: 200, headers: { a: "\xe9\xfc" }, body: "\xff\0" },
    "a value in UTF-8, as its bytes": {
      text: "A: gr\xc3\xbc\xc3\x9fe \xe2\x82\xac, voil\xc3\xa0 \n\n",
      status: 200,
      headers: { a: "gr\xc3\xbc\xc3\x9fe \xe2\x82\xac, voil\xc3\xa0" },
    },
    "names in any case": { text: "STATUS: 418 x\ncontent-LENGTH: 3\n\nabc", status: 418, length: 3, body: "abc" },
    "fields of one connection are not forwarded": {
      text: "Connection: close\nKeep-Alive: 5\nTE: x\nUpgrade: h2c\nProxy-Connection: x\nA: 1\n\n",
      status: 200,
      headers: { a: "1" },
    },
    "a whole message, as of a non-parsed header program": {
      text: "HTTP/1.1 404 Not Found\r\nA: 1\r\n\r\nbody",
      status: 404,
      headers: { a: "1" },
      body: "body",
    },
    "a whole message, chunked": {
      text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",
      status: 200,
      body: "0\r\n\r\n",
      framing: "chunked",
    },
    "two fields of one name": { text: "A: 1\nA: 2\n\n", status: 200, headers: { a: "1, 2" } },
    "names that objects have": {
      text: "__proto__: 1\nconstructor: 2\n\n",
      status: 200,
      headers: { ["__proto__"]: "1", constructor: "2" },
    },
  },
  http: {
    "a message": { text: "HTTP/1.1 200 OK\r\nA: 1\r\n\r\nbody", status: 200, headers: { a: "1" }, body: "body" },
    "no words behind the status": { text: "HTTP/1.1 418\r\n\r\n", status: 418 },
    "no words, but the space": { text: "HTTP/1.1 418 \r\n\r\n", status: 418 },
    "HTTP/1.0": { text: "HTTP/1.0 299 Fine\n\nx", status: 299, body: "x" },
    "no fields": { text: "HTTP/1.1 204 No Content\r\n\r\n", status: 204 },
    "chunked": {
      text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      status: 200,
      body: "0\r\n\r\n",
      framing: "chunked",
    },
    "a length": { text: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", status: 200, length: 0 },
    "a status field is no status of a message": { text: "HTTP/1.1 201 Made\r\nStatus: 500 x\r\n\r\n", status: 201 },
  },
};

const hostile: Record<Form, Record<string, string>> = {
  cgi: {
    "no field": "hello world\n\n",
    "no name": ": value\n\n",
    "a space in front of the colon": "Content-Type : text/html\n\n",
    "a space in the name": "Content Type: text/html\n\n",
    "a folded line": "A: 1\n 2\n\n",
    "a first line that is folded": " A: 1\n\n",
    "a NUL in the value": "A: 1\0\n\n",
    "a NUL in the name": "A\0: 1\n\n",
    "a CR in the value": "A: 1\rB: 2\n\n",
    "letters above 127 in the name": "\xc4: 1\n\n",
    "an empty first line": "\n\nA: 1\n\n",
    "a status that is no number": "Status: OK\n\n",
    "an empty status": "Status:\n\n",
    "a status with too many digits": "Status: 2000 OK\n\n",
    "a status with too few digits": "Status: 20 OK\n\n",
    "a status with words that stick to it": "Status: 200OK\n\n",
    "a status in exponents": "Status: 4e2\n\n",
    "a status in hexadecimal": "Status: 0xC8\n\n",
    "a status below 200": "Status: 100 Continue\n\n",
    "a status of 199": "Status: 199 x\n\n",
    "a status of 600": "Status: 600 x\n\n",
    "a negative status": "Status: -200\n\n",
    "a length that is no number": "Content-Length: five\n\n",
    "a negative length": "Content-Length: -5\n\n",
    "two lengths": "Content-Length: 5\nContent-Length: 6\n\n",
    "a length beyond all bounds": "Content-Length: 99999999999999999999\n\n",
    "a transfer coding": "Transfer-Encoding: chunked\n\n0\n\n",
    "a message of another version": "HTTP/2 200\n\n",
    "a message of version 1.2": "HTTP/1.2 200 OK\n\n",
    "a message in lower case": "http/1.1 200 OK\n\n",
  },
  http: {
    "a CGI head": "Status: 200 OK\r\nA: 1\r\n\r\n",
    "plain words": "hello\n\n",
    "a status of one digit": "HTTP/1.1 2 OK\r\n\r\n",
    "a status of four digits": "HTTP/1.1 2000 OK\r\n\r\n",
    "a status with words that stick to it": "HTTP/1.1 200OK\r\n\r\n",
    "two spaces": "HTTP/1.1  200 OK\r\n\r\n",
    "an interim response": "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    "a switch of protocols": "HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "a status of 600": "HTTP/1.1 600 x\r\n\r\n",
    "a request": "GET / HTTP/1.1\r\n\r\n",
    "another coding": "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    "two codings": "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    "chunked twice": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
    "a folded line": "HTTP/1.1 200 OK\r\nA: 1\r\n\tB: 2\r\n\r\n",
    "a line without a colon": "HTTP/1.1 200 OK\r\nA\r\n\r\n",
    "a second head in a value": "HTTP/1.1 200 OK\r\nA: 1\rHTTP/1.1 200 OK\r\n\r\n",
  },
};

function invalidHead(error: unknown): boolean {
  ok(error instanceof ProgramError, String(error));
  equal(error.code, "head");
  equal(error.status, 502);
  match(error.message, /^The program's response head is invalid: /);
  return true;
}

for (const form of ["cgi", "http"] as const) {
  for (
    const [name, { text, status, headers = {}, body = "", framing = "stream", length }] of Object.entries(valid[form])
  ) {
    Deno.test(`readHead() takes a head in ${form} form: ${name}, however it is cut`, async () => {
      for (const chunks of splits(latin1(text))) {
        const source = new ChunkSource(chunks);
        const head = await readHead(source, form);
        ok(head);
        equal(head.status, status);
        deepEqual([...head.headers].sort(), Object.entries(headers).sort());
        equal(head.framing, framing);
        equal(head.contentLength, length);
        equal(fromLatin1(concat([head.rest, await readAll(source)])), body);
        equal(source.cancelled, false);
      }
    });
  }

  for (const [name, text] of Object.entries(hostile[form])) {
    Deno.test(`readHead() refuses a head in ${form} form: ${name}, however it is cut`, async () => {
      for (const chunks of splits(latin1(text))) {
        await rejects(readHead(new ChunkSource(chunks), form), invalidHead, text);
      }
    });
  }

  Deno.test(`readHead() refuses a head in ${form} form that ends too early, wherever that is`, async () => {
    const text = form === "cgi" ? "Status: 200 OK\r\nA: 1\r\n\r\n" : "HTTP/1.1 200 OK\r\nA: 1\r\n\r\n";
    for (let length = 1; length < text.length; length++) {
      await rejects(readHead(new ChunkSource([latin1(text.slice(0, length))]), form), invalidHead);
    }
  });

  Deno.test(`readHead() tells of an output in ${form} form that holds nothing`, async () => {
    equal(await readHead(new ChunkSource([]), form), undefined);
  });

  Deno.test(`readHead() takes a head in ${form} form up to its bound and none above, however it is cut`, async () => {
    const start = form === "cgi" ? "A: " : "HTTP/1.1 200 OK\nA: ";
    const headOf = (bytes: number) => latin1(start + "x".repeat(bytes - start.length - 2) + "\n\n");
    const cut = (bytes: Uint8Array<ArrayBuffer>, size: number) =>
      Array.from({ length: Math.ceil(bytes.byteLength / size) }, (_, i) => bytes.slice(i * size, (i + 1) * size));
    for (const size of [1000, 4096, 65536, 1 << 20]) {
      ok(await readHead(new ChunkSource(cut(headOf(limits.responseHeadBytes), size)), form));
      const tooLong = new ChunkSource(cut(headOf(limits.responseHeadBytes + 1), size));
      await rejects(readHead(tooLong, form), invalidHead, `in pieces of ${size} bytes`);
    }
  });

  Deno.test(`readHead() does not read an endless head in ${form} form to its end`, async () => {
    let given = 0;
    const endless = { read: () => (given += 1024, Promise.resolve(latin1("x".repeat(1024)))), cancel: () => {} };
    await rejects(readHead(endless, form), invalidHead);
    ok(given <= limits.responseHeadBytes + 2048, `${given} bytes were read`);
  });
}

Deno.test("readHead() keeps each of several cookies apart", async () => {
  const head = await readHead(new ChunkSource([latin1("Set-Cookie: a=1\nSet-Cookie: b=2, c\n\n")]), "cgi");
  deepEqual(head!.headers.getSetCookie(), ["a=1", "b=2, c"]);
});

Deno.test("readHead() passes on that its source broke", async () => {
  const broken = { read: () => Promise.reject(new Error("broken pipe")), cancel: () => {} };
  await rejects(readHead(broken, "http"), { message: "broken pipe" });
});

Deno.test("parseFields() names the line it refuses, and no more of it than can be read", () => {
  let message = "";
  try {
    parseFields(["A: 1", "x".repeat(10_000)]);
  } catch (error) {
    message = (error as Error).message;
  }
  ok(message.length > 80 && message.length < 200, message);
});
