import { equal, throws } from "node:assert/strict";
import { bodySource, fieldOfRequest, hasBody, originalOf, withBody } from "../../src/http/served_request.ts";
import { listen } from "../support/in_process.ts";

Deno.test("a request whose body was read has it again, and all else as it was", async () => {
  await using server = await listen(async (request) => {
    equal(hasBody(request), true);
    const bytes = await request.bytes();
    throws(() => bodySource(request), TypeError);
    const again = withBody(request, bytes);
    equal(hasBody(again), true);
    equal(again.bodyUsed, false);
    equal(originalOf(again), request);
    equal(again.url, request.url);
    equal(fieldOfRequest(again, "x-a"), "1");
    equal(again.headers.get("x-a"), "1");
    const third = withBody(again, await again.bytes());
    equal(again.bodyUsed, true);
    const source = bodySource(third)!;
    const chunk = await source.read();
    equal(await source.read(), undefined);
    const fourth = new Request(withBody(third, chunk!));
    return new Response(await fourth.text());
  });
  const response = await fetch(server.url, { method: "POST", body: "hello", headers: { "x-a": "1" } });
  equal(await response.text(), "hello");
});

Deno.test("a request of another server has its body again, too", async () => {
  const request = new Request("http://localhost/", { method: "POST", body: "hello", headers: { "x-a": "1" } });
  equal(hasBody(request), true);
  const again = withBody(request, await request.bytes());
  equal(originalOf(again), request);
  equal(again.headers.get("x-a"), "1");
  equal(await again.text(), "hello");
  equal(hasBody(new Request("http://localhost/")), false);
});

Deno.test("a request without a body is known by that before anybody asks for it", async () => {
  await using server = await listen((request) => new Response(String(hasBody(request))));
  equal(await (await fetch(server.url)).text(), "false");
  equal(await (await fetch(server.url, { method: "POST" })).text(), "false");
});
