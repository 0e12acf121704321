/** Chunked coding, RFC 9112 §7.1: what it carries, and what is refused. */

import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { ProgramError } from "../../src/errors.ts";
import { ChunkedSource } from "../../src/process/chunked.ts";
import { ChunkSource, fromLatin1, latin1, readAll, splits } from "../support/sources.ts";

interface Decoded {
  readonly content: string;
  readonly trailers: [string, string][];
}

/** Decodes to the end. */
async function decode(chunks: readonly Uint8Array<ArrayBuffer>[]): Promise<Decoded> {
  let trailers: Headers | undefined;
  const source = new ChunkedSource(new ChunkSource(chunks), (headers) => trailers = headers);
  const content = fromLatin1(await readAll(source));
  ok(trailers, "the trailers were not told of");
  equal(await source.read(), undefined);
  return { content, trailers: [...trailers] };
}

function isBroken(error: unknown): boolean {
  ok(error instanceof ProgramError, String(error));
  match(error.message, /^The program's (chunked response is broken|response head is invalid): /);
  return true;
}

const valid: Record<string, { text: string; content?: string; trailers?: [string, string][] }> = {
  "nothing": { text: "0\r\n\r\n" },
  "three chunks": {
    text: "4\r\nWiki\r\n7\r\npedia i\r\nB\r\nn \r\nchunks.\r\n0\r\n\r\n",
    content: "Wikipedia in \r\nchunks.",
  },
  "sizes in either case, with zeros in front": {
    text: "a\r\n0123456789\r\n0A\r\n0123456789\r\n00000000000\r\n\r\n",
    content: "01234567890123456789",
  },
  "chunk extensions, which nobody knows": {
    text: '3;name\r\none\r\n3;a=b;c="d; e"\r\ntwo\r\n0;last\r\n\r\n',
    content: "onetwo",
  },
  "space behind the size, which some recipients allow": {
    text: "3 \t\r\none\r\n3 ; a\r\ntwo\r\n0\r\n\r\n",
    content: "onetwo",
  },
  "trailers": {
    text: "3\r\none\r\n0\r\nExpires: never\r\nX-Check:  a: b \r\n\r\n",
    content: "one",
    trailers: [["expires", "never"], ["x-check", "a: b"]],
  },
  "a trailer in UTF-8, as its bytes": {
    text: "0\r\nA: gr\xc3\xbc\xc3\x9fe \xe2\x82\xac\r\n\r\n",
    trailers: [["a", "gr\xc3\xbc\xc3\x9fe \xe2\x82\xac"]],
  },
  "lines that end in LF alone": { text: "3\none\n0\nA: 1\n\n", content: "one", trailers: [["a", "1"]] },
  "content that looks like the coding": { text: "8\r\n0\r\n\r\n5\r\n\r\n0\r\n\r\n", content: "0\r\n\r\n5\r\n" },
  "bytes of every value": {
    text: `100\r\n${fromLatin1(Uint8Array.from({ length: 256 }, (_, i) => i))}\r\n0\r\n\r\n`,
    content: fromLatin1(Uint8Array.from({ length: 256 }, (_, i) => i)),
  },
  "what follows the last chunk is not looked at": { text: "1\r\nx\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", content: "x" },
};

for (const [name, { text, content = "", trailers = [] }] of Object.entries(valid)) {
  Deno.test(`ChunkedSource decodes ${name}, however it is cut`, async () => {
    for (const chunks of splits(latin1(text))) deepEqual(await decode(chunks), { content, trailers });
  });
}

const broken: Record<string, string> = {
  "nothing at all": "",
  "no size": "\r\n\r\n",
  "only an extension": ";a=b\r\nx\r\n0\r\n\r\n",
  "a size that is no number": "xyz\r\n",
  "a size with a sign": "+3\r\none\r\n0\r\n\r\n",
  "a negative size": "-3\r\none\r\n0\r\n\r\n",
  "a size with a prefix": "0x3\r\none\r\n0\r\n\r\n",
  "a size with space in front": " 3\r\none\r\n0\r\n\r\n",
  "a size with an underscore": "1_0\r\n0123456789abcdef\r\n0\r\n\r\n",
  "two sizes": "3 3\r\none\r\n0\r\n\r\n",
  "a size beyond what a number holds": "1000000000000000\r\nx",
  "a size of many zeros": `${"0".repeat(100)}3\r\none\r\n0\r\n\r\n`,
  "content longer than its size": "3\r\nfour\r\n0\r\n\r\n",
  "content shorter than its size": "5\r\none\r\n0\r\n\r\n",
  "no line end behind the content": "3\r\none0\r\n\r\n",
  "a CR without LF behind the content": "3\r\none\r0\r\n\r\n",
  "a NUL in the size": "3\0\r\none\r\n0\r\n\r\n",
  "a trailer that is no field": "0\r\nnot a field\r\n\r\n",
  "a trailer that is folded": "0\r\nA: 1\r\n 2\r\n\r\n",
  "a trailer with a NUL": "0\r\nA: 1\0\r\n\r\n",
};

for (const [name, text] of Object.entries(broken)) {
  Deno.test(`ChunkedSource refuses ${name}, however it is cut`, async () => {
    for (const chunks of splits(latin1(text))) await rejects(decode(chunks), isBroken, JSON.stringify(text));
  });
}

Deno.test("ChunkedSource tells of an end that comes too early, wherever that is", async () => {
  const text = "4;x\r\nWiki\r\n5\r\npedia\r\n0\r\nA: 1\r\n\r\n";
  for (let length = 0; length < text.length; length++) {
    await rejects(decode([latin1(text.slice(0, length))]), isBroken, `after ${length} bytes`);
  }
});

Deno.test("ChunkedSource gives what came of a chunk before the rest is there", async () => {
  const rest = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
  const steps = [Promise.resolve(latin1("a\r\nfirst")), rest.promise];
  const source = new ChunkedSource({ read: () => steps.shift()!, cancel: () => {} }, () => {});
  equal(fromLatin1((await source.read())!), "first");
  rest.resolve(latin1("later\r\n0\r\n\r\n"));
  equal(fromLatin1((await source.read())!), "later");
  equal(await source.read(), undefined);
});

Deno.test("ChunkedSource carries a chunk of 64 MiB without holding it", async () => {
  const piece = new Uint8Array(64 * 1024).fill(120);
  let sent = -1;
  const rest = [latin1("\r\n0\r\n\r\n")];
  const source = new ChunkedSource({
    read: () => {
      if (sent < 0) return sent++, Promise.resolve(latin1("4000000\r\n"));
      return Promise.resolve(sent++ < 1024 ? piece : rest.shift());
    },
    cancel: () => {},
  }, () => {});
  let bytes = 0;
  for (let chunk = await source.read(); chunk; chunk = await source.read()) {
    ok(chunk.byteLength <= piece.byteLength);
    bytes += chunk.byteLength;
  }
  equal(bytes, 64 * 1024 * 1024);
});

Deno.test("ChunkedSource refuses an endless line without reading on for long", async () => {
  for (const start of ["", "3;", "0\r\nA: "]) {
    let given = 0;
    const source = new ChunkedSource({
      read: () => Promise.resolve(latin1((given += 1024) === 1024 ? start + "0" : "0".repeat(1024))),
      cancel: () => {},
    }, () => {});
    await rejects(readAll(source), isBroken);
    ok(given < 64 * 1024, `${given} bytes were read`);
  }
});

Deno.test("ChunkedSource takes a line up to its bound and none above, however it is cut", async () => {
  const withLine = (bytes: number) => latin1(`0;${"x".repeat(bytes - 3)}\r\n\r\n`);
  const [longest, tooLong] = [withLine(8192), withLine(8193)];
  equal(longest.indexOf(10), 8192);
  for (const size of [100, 4096, 1 << 20]) {
    const cut = (bytes: Uint8Array<ArrayBuffer>) =>
      Array.from({ length: Math.ceil(bytes.byteLength / size) }, (_, i) => bytes.slice(i * size, (i + 1) * size));
    deepEqual(await decode(cut(longest)), { content: "", trailers: [] });
    await rejects(decode(cut(tooLong)), isBroken, `in pieces of ${size} bytes`);
  }
});

Deno.test("ChunkedSource takes a hundred trailers and no more", async () => {
  const withTrailers = (count: number) =>
    latin1(`0\r\n${Array.from({ length: count }, (_, i) => `T${i}: x\r\n`).join("")}\r\n`);
  equal((await decode([withTrailers(100)])).trailers.length, 100);
  await rejects(decode([withTrailers(101)]), isBroken);
});

Deno.test("ChunkedSource hands cancelling on, and errors of its source", async () => {
  const inner = new ChunkSource([]);
  new ChunkedSource(inner, () => {}).cancel();
  equal(inner.cancelled, true);
  const broken = { read: () => Promise.reject(new Error("broken pipe")), cancel: () => {} };
  await rejects(readAll(new ChunkedSource(broken, () => {})), { message: "broken pipe" });
});
