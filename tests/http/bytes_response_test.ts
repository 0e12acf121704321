/** Answers of bytes are responses like any other, and known to our server until somebody takes them up. */

import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { answerWith, bytesResponse, knownBytes } from "../../src/http/bytes_response.ts";

const bytes = new TextEncoder().encode("known");
const init = { status: 201, statusText: "Made", headers: { "content-type": "text/plain", "x-a": "1" } };

Deno.test("an answer of bytes is a Response, with a head that can be changed", async () => {
  const response = bytesResponse(bytes, init);
  ok(response instanceof Response);
  deepEqual([response.status, response.statusText, response.ok], [201, "Made", true]);
  response.headers.set("x-b", "2");
  deepEqual([...response.headers], [["content-type", "text/plain"], ["x-a", "1"], ["x-b", "2"]]);
  equal(knownBytes(response), bytes);
  deepEqual([response.type, response.redirected, response.bodyUsed], ["default", false, false]);
  response.headers.set("x-b", "3");
  equal(response.clone().headers.get("x-b"), "3");
  equal(await response.text(), "known");
  equal(response.bodyUsed, true);
});

Deno.test("every way to read an answer of bytes gives them", async () => {
  const ways: Record<string, (response: Response) => Promise<string>> = {
    text: (response) => response.text(),
    arrayBuffer: async (response) => new TextDecoder().decode(await response.arrayBuffer()),
    bytes: async (response) => new TextDecoder().decode(await response.bytes()),
    blob: async (response) => await (await response.blob()).text(),
    body: async (response) => (await Array.fromAsync(response.body!.pipeThrough(new TextDecoderStream()))).join(""),
    clone: async (response) => await response.clone().text(),
    "a Response of its body": async (response) => await new Response(response.body, response).text(),
  };
  for (const [name, read] of Object.entries(ways)) equal(await read(bytesResponse(bytes, init)), "known", name);
});

Deno.test("an answer whose body somebody has taken up is no longer known", async () => {
  const response = bytesResponse(bytes, init);
  const reader = response.body!.getReader();
  equal(knownBytes(response), undefined);
  await reader.cancel();
  equal(knownBytes(new Response(bytes)), undefined);
});

Deno.test("statuses that have no body, and headers that are none, are refused as a Response refuses them", () => {
  throws(() => bytesResponse(bytes, { status: 204 }), TypeError);
  throws(() => bytesResponse(bytes, { status: 304 }), TypeError);
  throws(() => bytesResponse(bytes, { status: 99 }), RangeError);
  throws(() => bytesResponse(bytes, { headers: { "no name": "" } }), TypeError);
});

Deno.test("Deno.serve is given a Response of its own, whatever is asked of it", async () => {
  const fields = { "content-type": "text/plain", "content-length": "5" };
  const handler = (request: Request) => answerWith(request, bytes, { headers: fields });
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, handler);
  for (let i = 0; i < 100; i++) {
    const response = await fetch(`http://127.0.0.1:${server.addr.port}`);
    deepEqual([response.status, response.headers.get("content-type")], [200, "text/plain"]);
    equal(await response.text(), "known");
  }
  equal(knownBytes(handler(new Request("http://localhost/"))), undefined);
});
