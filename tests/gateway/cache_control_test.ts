/** Fields that a route gives to its answers. */

import { deepEqual, equal, throws } from "node:assert/strict";
import { cacheControl } from "../../src/gateway/policy/cache_control.ts";
import { responseHeaders } from "../../src/gateway/policy/response_headers.ts";
import { bytesResponse, plainFields } from "../../src/http/bytes_response.ts";

const request = new Request("http://x/");
const bytes = new Uint8Array(1);

Deno.test("Cache-Control is set on answers that succeed and say nothing of it", async () => {
  const answers: [response: Response, expected: string | null][] = [
    [new Response("ok"), "max-age=60"],
    [new Response(null, { status: 304 }), "max-age=60"],
    [Response.redirect("http://x/there"), "max-age=60"],
    [new Response("own", { headers: { "cache-control": "no-store" } }), "no-store"],
    [new Response("gone", { status: 404 }), null],
    [new Response("failed", { status: 500 }), null],
  ];
  for (const [response, expected] of answers) {
    const answer = await cacheControl(() => response, "max-age=60")(request);
    equal(answer.headers.get("cache-control"), expected);
    equal(answer.status, response.status);
  }
});

Deno.test("fields are set on every answer in place of the handler's", async () => {
  const handler = responseHeaders((request) => new Response("", { status: request.method === "GET" ? 200 : 500 }), {
    "X-Frame-Options": "DENY",
    "Content-Type": "text/x",
  });
  for (const method of ["GET", "PUT"]) {
    const { headers } = await handler(new Request("http://x/", { method }));
    deepEqual([...headers], [["content-type", "text/x"], ["x-frame-options", "DENY"]]);
  }
});

Deno.test("an answer of bytes stays one", async () => {
  const plain = () => bytesResponse(bytes, { headers: { "content-type": "text/plain" } });
  const answer = await cacheControl(responseHeaders(plain, { "X-A": "1" }), "no-cache")(request);
  deepEqual(plainFields(answer), { "content-type": "text/plain", "x-a": "1", "cache-control": "no-cache" });
  equal(answer.headers.get("x-a"), "1");
});

Deno.test("an answer that can't be changed is made again with its body", async () => {
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, () => new Response("body"));
  const { port } = server.addr as Deno.NetAddr;
  const answer = await responseHeaders(() => fetch(`http://127.0.0.1:${port}`), { "x-a": "1" })(request);
  deepEqual([answer.headers.get("x-a"), await answer.text()], ["1", "body"]);
});

Deno.test("what no header can hold is refused when the route is made", () => {
  throws(() => cacheControl(() => new Response(), "a\nb"), TypeError);
  throws(() => responseHeaders(() => new Response(), { "no name": "" }), TypeError);
});
