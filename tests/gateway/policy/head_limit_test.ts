/** Header fields that are too large for a route. */

import { deepEqual, equal } from "node:assert/strict";
import { limitHead } from "../../../src/gateway/policy/head_limit.ts";
import { listen } from "../../support/in_process.ts";
import { RawClient } from "../../support/raw_client.ts";

Deno.test("fields are let through to the byte, and one more is 431", async () => {
  await using server = await listen(limitHead(() => new Response("fine"), 100));
  const fixed = "Host: x\r\n".length + "X-A: \r\n".length;
  for (const [length, status] of [[100 - fixed, 200], [101 - fixed, 431], [1_000_000, 431]]) {
    using client = await RawClient.connect(server.url);
    await client.send(`GET / HTTP/1.1\r\nHost: x\r\nX-A: ${"a".repeat(length)}\r\n\r\n`);
    equal((await client.head()).status, status);
  }
});

Deno.test("many small fields are large together", async () => {
  const headers = Array.from({ length: 10 }, (_, i): [string, string] => [`x-${i}`, "1"]);
  const limited = limitHead(() => new Response("fine"), 79);
  const response = await limited(new Request("http://x/", { headers }));
  deepEqual([response.status, (await response.json()).detail], [431, "The header fields are larger than 79 bytes"]);
  equal((await limitHead(() => new Response("fine"), 80)(new Request("http://x/", { headers }))).status, 200);
});
