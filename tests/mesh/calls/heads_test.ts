/** Heads as they travel: what was written is read, and nothing else is. */

import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import fc from "fast-check";
import { MalformedError } from "../../../src/bytes/byte_reader.ts";
import { HttpError } from "../../../src/errors.ts";
import {
  headFor,
  questionLines,
  readRequestHead,
  readResponseHead,
  readTrailers,
  type RequestHead,
  writeResponseHead,
  writeTrailers,
} from "../../../src/mesh/calls/heads.ts";
import { prepareCall } from "../../../src/mesh/calls/prepare_call.ts";
import { FrameType } from "../../../src/mesh/session/frames.ts";
import { StreamReset } from "../../../src/mesh/session/reset_code.ts";
import { callPair } from "../../support/mesh/call_pair.ts";
import { headOf } from "../../support/mesh/session_pair.ts";

const head: RequestHead = {
  ...{ service: "resize", version: "1.2.0", method: "GET", url: "http://a/b?c", client: "::1", upgrade: false },
  ...{ params: { a: "ü &=\n", __proto__: undefined }, fields: ["x-a", "1", "x-a", "\u00ff", "x-empty", ""] },
};

const write = (head: RequestHead) => headFor(head.service, head.version, questionLines(head));
const text = (value: string) => new TextEncoder().encode(value);
const linesOf = (changes: Partial<Record<"url" | "method" | "fields" | "params" | "flags", string>>) => {
  const { url = "http://a/", method = "GET", fields = "", params = "", flags = "" } = changes;
  return text(`\0s\nv\n${method}\n${url}\n192.0.2.1\n${params}\n${flags}${fields}`);
};

Deno.test("what was written of a request is read", () => {
  deepEqual(readRequestHead(write(head)), { ...head, params: { a: "ü &=\n" } });
  const bare = { ...head, service: "", version: "", client: "", params: {}, fields: [] };
  deepEqual(readRequestHead(write(bare)), bare);
  const upgrading = readRequestHead(write({ ...bare, upgrade: true }));
  deepEqual([upgrading.upgrade, upgrading.fields], [true, ["connection", "Upgrade", "upgrade", "websocket"]]);
});

Deno.test("what was written of an answer is read, and trailers too", () => {
  for (const hasTrailers of [true, false]) {
    const answer = { status: 299, hasTrailers, fields: ["set-cookie", "a", "set-cookie", "b"] };
    deepEqual(readResponseHead(writeResponseHead(answer)), answer);
  }
  const trailers = new Headers({ "x-a": "1", "x-b": "\u00e4" });
  deepEqual([...readTrailers(writeTrailers(trailers))], [...trailers]);
  deepEqual([...readTrailers(writeTrailers(new Headers()))], []);
});

Deno.test("any request that can be made is read as it was", () => {
  const name = fc.stringMatching(/^x-[a-z0-9_]{1,10}$/);
  const value = fc.string({ unit: fc.integer({ min: 0xa0, max: 0xff }).map((code) => String.fromCharCode(code)) });
  fc.assert(fc.property(
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    fc.dictionary(name, value, { maxKeys: 20 }),
    fc.dictionary(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), { maxKeys: 4 }),
    (url, fields, params) => {
      const request = new Request(url, { headers: fields });
      const read = readRequestHead(prepareCall(request, { params }).head("a", ""));
      const { href, hash } = new URL(url);
      equal(read.url, hash ? href.slice(0, -hash.length) : href.replace(/#$/, ""));
      const headers = new Headers();
      for (let i = 0; i < read.fields.length; i += 2) headers.append(read.fields[i], read.fields[i + 1]);
      deepEqual([...headers], [...request.headers]);
      deepEqual({ ...read.params }, { ...params });
    },
  ));
});

Deno.test("a URL that can be read in two ways is none", () => {
  const urls = [
    "http://a/../b",
    "http://a/%2e/b",
    "http://A/",
    "http://a:80/",
    "http://a",
    "http://u@a/",
    "http://a/#",
  ];
  const others = [
    "http://a/\\b",
    "http://a/ü",
    "http:///a",
    "ftp://a/",
    "/a",
    "http://0x7f.1/",
    "http://a/#b",
    "",
    "\0",
  ];
  for (const url of [...urls, ...others]) throws(() => readRequestHead(linesOf({ url })), MalformedError, url);
  for (const url of ["http://a/", "https://[::1]:8080//b/%2f?c=%20#".slice(0, -1), "http://127.0.0.1/"]) {
    equal(readRequestHead(linesOf({ url })).url, url);
  }
});

Deno.test("a head that is none is refused", () => {
  const lines: Parameters<typeof linesOf>[0][] = [
    ...["", "G T", "CONNECT", "trace", "TRACK", "x".repeat(65)].map((method) => ({ method })),
    ...["\nno colon", "\n: value", "\nX-A: upper", "\nx a: 1", "\nx-a: \r", "\nx-a: \0", "\nx-a: €", "\nx-a:1"].map(
      (fields) => ({ fields }),
    ),
    { fields: "\nx: 1".repeat(1001) },
    { params: "%" },
    { params: "a=%ff" },
  ];
  for (const line of lines) {
    throws(() => readRequestHead(linesOf(line)), MalformedError, JSON.stringify(line).slice(0, 80));
  }
  for (const bytes of [text(""), text("\0"), text("\0a\nb\nGET\nhttp://a/"), new Uint8Array([0, 0xff, 0xfe])]) {
    throws(() => readRequestHead(bytes), MalformedError);
  }
  for (const answer of ["", "200", "0\n", "100\n", "199\n", "600\n", "2000\n", "200\n\nx", " 200\n", "200\n\nx: \r"]) {
    throws(() => readResponseHead(text(answer)), MalformedError, answer);
  }
});

Deno.test("fields of a connection that a stranger sends are left out", () => {
  const fields = "\nconnection: close\ntransfer-encoding: chunked\nupgrade: h2c\ntrailer: a\nx-a: 1";
  deepEqual(readRequestHead(linesOf({ fields })).fields, ["x-a", "1"]);
  deepEqual(readRequestHead(linesOf({ fields, flags: "u", method: "POST" })).upgrade, false);
  deepEqual(readResponseHead(text(`200\n${fields}`)).fields, ["x-a", "1"]);
  deepEqual(readResponseHead(text(`200\nt${fields}`)).fields, ["trailer", "a", "x-a", "1"]);
});

Deno.test("a parameter called as what every object has is one like others", () => {
  const { params } = readRequestHead(linesOf({ params: "__proto__=x&constructor=y" }));
  deepEqual(Object.entries(params), [["__proto__", "x"], ["constructor", "y"]]);
});

Deno.test("a request whose head is too long is refused before it is sent", () => {
  const many = new Headers();
  for (let i = 0; i < 1001; i++) many.append(`x-${i}`, "1");
  throws(() => prepareCall(new Request("http://a/", { headers: many })), isTooLong);
  const long = prepareCall(new Request("http://a/", { headers: { "x-a": "ä".repeat(40_000) } }));
  throws(() => long.head("a", "1.0.0"), isTooLong);
  throws(() => prepareCall(new Request("data:text/plain,x")), TypeError);
  throws(() => headFor("a\nb", "1.0.0", questionLines(head)), TypeError);
  throws(() => questionLines({ ...head, client: "a\nb" }), TypeError);
});

function isTooLong(error: unknown): boolean {
  return error instanceof HttpError && error.status === 431;
}

Deno.test("one preparation serves several attempts, and the trace that was begun goes along", () => {
  const request = new Request("http://a/", { headers: { traceparent: "old", tracestate: "old", "x-a": "1" } });
  const own = prepareCall(request);
  deepEqual(readRequestHead(own.head("a", "1.0.0")).fields, ["traceparent", "old", "tracestate", "old", "x-a", "1"]);
  const prepared = prepareCall(request, { trace: { traceparent: "new", tracestate: undefined } });
  for (const [service, version] of [["a", "1.0.0"], ["b", ""]]) {
    const read = readRequestHead(prepared.head(service, version));
    deepEqual([read.service, read.version, read.fields], [service, version, ["x-a", "1", "traceparent", "new"]]);
  }
});

const garbage = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.string({ unit: "binary", maxLength: 100 }).map(text),
  fc.array(fc.constantFrom("200", "", "t", "u", "GET", "http://a/", "a: b", "a", "\0s", "101", "content-length: x"), {
    maxLength: 12,
  }).map((lines) => text(lines.join("\n"))),
);

Deno.test("garbage where a request's head should be ends that call, and no other", async () => {
  const pair = callPair(() => new Response("fine"));
  await fc.assert(
    fc.asyncProperty(garbage, async (bytes) => {
      const stream = pair.a.session.open(new Uint8Array(bytes));
      const answer = headOf(stream);
      stream.sender.close();
      await answer.catch((error) => {
        if (!(error instanceof StreamReset)) throw error;
      });
      stream.cancel();
    }),
    { numRuns: 2000 },
  );
  equal(await (await pair.fetch(new Request("http://a/"))).text(), "fine");
  deepEqual([...pair.a.ends, ...pair.b.ends], []);
});

Deno.test("garbage where an answer's head or trailers should be ends that call, and no other", async () => {
  const pair = callPair();
  await fc.assert(
    fc.asyncProperty(garbage, garbage, fc.boolean(), async (bytes, trailers, hasBody) => {
      pair.b.onStream = ({ stream }) => {
        stream.sender.head(FrameType.head, new Uint8Array(bytes));
        if (hasBody) stream.sender.put(new Uint8Array(10));
        stream.sender.close(new Uint8Array(trailers));
      };
      const count = pair.told.length;
      await pair.fetch(new Request("http://a/")).then((response) => response.bytes()).catch(() => {/* it is told */});
      equal(pair.told.slice(count).filter((what) => what !== "answer").length, 1);
    }),
    { numRuns: 2000 },
  );
  pair.b.onStream = ({ stream }) => {
    stream.sender.head(FrameType.head, writeResponseHead({ status: 200, hasTrailers: false, fields: [] }));
    stream.sender.put(text("fine"));
    stream.sender.close();
  };
  equal(await (await pair.fetch(new Request("http://a/"))).text(), "fine");
  deepEqual([...pair.a.ends, ...pair.b.ends, pair.a.session.load], [0]);
});

Deno.test("a provider that goes over to another protocol unasked has failed", async () => {
  const pair = callPair();
  pair.b.onStream = ({ stream }) => {
    stream.sender.head(FrameType.head, writeResponseHead({ status: 101, hasTrailers: false, fields: [] }));
  };
  await rejects(pair.fetch(new Request("http://a/")), { status: 502 });
  deepEqual(pair.told.at(-1), "failed");
});

Deno.test("a client's address is an IP address, or none", () => {
  const read = (client: string) => readRequestHead(text(`\0s\nv\nGET\nhttp://a/\n${client}\n\n`)).client;
  deepEqual(["", "192.0.2.1", "2001:db8::1"].map(read), ["", "192.0.2.1", "2001:db8::1"]);
  for (const client of ["localhost", "1.2.3.4, 5.6.7.8", "() { :; }; echo", "1.2.3.4\r"]) {
    throws(() => read(client), MalformedError);
  }
});
