/** Requests and answers as maps of texts. */

import { deepEqual, equal, throws } from "node:assert/strict";
import type { Source } from "../../../src/bytes/source.ts";
import { answerFields, toResponse } from "../../../src/mesh/flatend/answer_fields.ts";
import { FlatendError } from "../../../src/mesh/flatend/flatend_error.ts";
import { near } from "../../../src/mesh/flatend/near.ts";
import { fromFields, toFields } from "../../../src/mesh/flatend/request_fields.ts";

const told = (request: Request) => Object.fromEntries(toFields(request));

/** A body that tells whether it was cancelled. */
function noBody(): Source & { isCancelled: boolean } {
  return {
    isCancelled: false,
    read: () => undefined,
    cancel: function () {
      this.isCancelled = true;
    },
  };
}

Deno.test("a client can't say what a route does, nor what only we say", () => {
  const headers = {
    "params.id": "8",
    "query.a": "9",
    "x-forwarded-for": "1.2.3.4",
    "connection": "close",
    "proxy": "x",
  };
  const fields = told(new Request("http://example.com/", { headers }));
  deepEqual(Object.keys(fields).sort(), [":method", ":path", "host", "via", "x-forwarded-host", "x-forwarded-proto"]);
});

Deno.test("a length is told where it is known, and a trace as it goes on", () => {
  const init = { method: "PUT", body: "four", headers: { "content-length": "4", "traceparent": "theirs" } };
  equal(told(new Request("http://a/", init))["content-length"], "4");
  const chunked = { ...init, headers: { ...init.headers, "transfer-encoding": "chunked" } };
  equal(told(new Request("http://a/", chunked))["content-length"], undefined);
  const trace = { traceparent: "ours", tracestate: "a=b" };
  const fields = Object.fromEntries(toFields(new Request("http://a/", init), { trace }));
  deepEqual([fields.traceparent, fields.tracestate], ["ours", "a=b"]);
});

Deno.test("a node can't say where its request came from, nor how long its body is", () => {
  const { headers, url, params } = fromFields([
    ["x-forwarded-for", "1.2.3.4"],
    ["content-length", "7"],
    ["transfer-encoding", "chunked"],
    ["not a name", "x"],
    ["x-wish", "this"],
    ["params.__proto__", "own"],
    ["host", "a b"],
  ], "192.0.2.7");
  deepEqual(Object.fromEntries(headers), {
    "host": "localhost",
    "via": "1.1 sluice",
    "x-forwarded-for": "192.0.2.7",
    "x-forwarded-host": "localhost",
    "x-forwarded-proto": "http",
    "x-wish": "this",
  });
  deepEqual([url, Object.keys(params)], ["http://localhost/", ["__proto__"]]);
});

Deno.test("a path that is none, or a method that nobody may use, is refused", () => {
  for (const [name, value] of [[":path", "example.com"], [":path", "@example.com/"], [":method", "a b"]]) {
    throws(() => fromFields([[name, value]], "192.0.2.7"), TypeError);
  }
  equal(fromFields([[":path", "//example.com/"]], "192.0.2.7").url, "http://localhost//example.com/");
});

Deno.test("an answer without a body has none, and its length only where it is that of another one", () => {
  for (const [method, status, length] of [["GET", "204", null], ["GET", "304", null], ["HEAD", "200", "7"]]) {
    const body = noBody();
    const response = toResponse([["status", status!], ["content-length", "7"]], body, method!, () => {});
    deepEqual([response.body, body.isCancelled, response.headers.get("content-length")], [null, true, length]);
  }
});

Deno.test("a status is three digits that can end an exchange", () => {
  for (const status of ["", "99", "101", "600", "2000", "200 OK", "1e2", "-20"]) {
    throws(() => toResponse([["status", status]], noBody(), "GET", () => {}), FlatendError, status);
  }
  equal(toResponse([["Status", "404"], ["STATUS", "599"]], noBody(), "GET", () => {}).status, 599);
});

Deno.test("fields of a connection stay on it, both ways", () => {
  const theirs = toResponse(
    [["Transfer-Encoding", "chunked"], ["Connection", "x-a"], ["X-A", "b"]],
    noBody(),
    "GET",
    () => {},
  );
  deepEqual(Object.fromEntries(theirs.headers), { via: "1.1 sluice" });
  const ours = new Response("", { status: 201, headers: { "transfer-encoding": "x", "status": "9", "x-a": "b" } });
  const plain = answerFields(ours).filter(([name]) => name !== "content-type");
  deepEqual(plain, [["status", "201"], ["x-a", "b"]]);
  const twice = new Response(null, { headers: [["set-cookie", "a=1"], ["set-cookie", "b=2"]] });
  deepEqual(answerFields(twice).slice(1), [["set-cookie", "a=1"], ["set-cookie", "b=2"]]);
});

Deno.test("the nodes nearest to a key are told, each once and the nearest first", () => {
  const node = (first: number, port = 1) => ({
    publicKey: new Uint8Array(32).fill(first, 0, 1),
    host: "192.0.2.1",
    port,
  });
  const nodes = [...Array.from({ length: 20 }, (_, i) => node(i)), node(3, 2), node(30, 0)];
  const found = near(nodes, node(2).publicKey, node(1).publicKey);
  equal(found.length, 16);
  deepEqual(found.slice(0, 4).map(({ publicKey, port }) => [publicKey[0], port]), [[3, 2], [0, 1], [6, 1], [7, 1]]);
});
