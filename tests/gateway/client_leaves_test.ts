/** A client that leaves before it is answered is no failure of the server's: it is counted as 499, and warned of nowhere. */

import { deepEqual } from "node:assert/strict";
import { seen } from "../support/ask.ts";
import { startGateway } from "../support/gateway.ts";
import { listen } from "../support/in_process.ts";
import { RawClient } from "../support/raw_client.ts";
import { until } from "../support/within.ts";

Deno.test("a client that leaves while it waits, or in the middle of its body, counts as 499 and warns nobody", async () => {
  const held = Promise.withResolvers<Response>();
  const begun = new Set<string>();
  await using upstream = await listen((request) => {
    begun.add(new URL(request.url).pathname);
    return held.promise;
  });
  const text = `listen = "127.0.0.1:0"
admin = { listen = "127.0.0.1:0" }
[[routes]]
path = "/queued"
maxConcurrency = 1
queue = 1
upstream = "${upstream.url}"
[[routes]]
path = "/upload"
upstream = "${upstream.url}"
[[routes]]
path = "/timed"
timeout = "1h"
maxBody = "1m"
upstream = "${upstream.url}"
`;
  await using server = await startGateway(text);
  const counted = async (line: string) => {
    const { body } = await seen(`${server.admin}/metrics`);
    return (body as string).includes(line);
  };
  const leaves = async (path: string, request: string, isThere: () => boolean | Promise<boolean>) => {
    const [method] = request.split(" ", 1);
    const client = await RawClient.connect(server.url);
    await client.send(request);
    const dbg = setTimeout(
      async () =>
        console.log(
          path,
          [...begun],
          server.lines,
          ((await seen(`${server.admin}/metrics`)).body as string).match(/^sluice_requests.*/gm),
        ),
      3000,
    );
    await until(`${path} is there`, isThere);
    clearTimeout(dbg);
    client[Symbol.dispose]();
    const line = `sluice_requests_total{route="* ${path}",method="${method}",status="499"} 1`;
    await until(`${path} has left`, () => counted(line));
  };
  const first = fetch(`${server.url}/queued`);
  await until("the first is there", () => begun.has("/queued"));
  const waiting = 'sluice_requests_waiting{route="* /queued"} 1';
  await leaves("/queued", "GET /queued HTTP/1.1\r\nHost: x\r\n\r\n", () => counted(waiting));
  for (const path of ["/upload", "/timed"]) {
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n`;
    await leaves(path, head, () => begun.has(path));
  }
  held.resolve(new Response("done"));
  await (await first).body?.cancel();
  const warned = server.lines.filter(({ level }) => level !== "info");
  deepEqual(warned, []);
});
