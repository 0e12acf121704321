/** Connections are closed when nobody has used them for long, and only then. */

import { deepEqual, equal } from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { Connections } from "../../src/http/connections.ts";
import { limits } from "../../src/limits.ts";
import { listen } from "../support/in_process.ts";
import { RawClient } from "../support/raw_client.ts";
import { until, within } from "../support/within.ts";

const HALF_MS = limits.keepAliveMs / 2;

Deno.test("a connection is closed when it was idle for long, and not while it has a request or bytes come", async () => {
  const connections = new Connections();
  const accepted = Promise.withResolvers<Socket>();
  const server = createServer((socket) => {
    connections.add(socket);
    socket.resume();
    accepted.resolve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  using client = await RawClient.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const socket = await within("the connection is accepted", accepted.promise);
  const connection = connections.get(socket)!;
  equal(connection.address.hostname, "127.0.0.1");
  deepEqual([connections.size, connections.get(socket)], [1, connection]);

  connection.requests++;
  for (let i = 0; i < 5; i++) connections.closeIdle(HALF_MS);
  connection.requests--;
  connections.closeIdle(HALF_MS);
  await client.send("a byte");
  await until("bytes come", () => socket.bytesRead > 0);
  connections.closeIdle(HALF_MS);
  connections.closeIdle(HALF_MS);
  equal(socket.destroyed, false);
  connections.closeIdle(HALF_MS);
  equal(socket.destroyed, true);
  equal(await within("the client is told", client.read()), null);
  await until("it is forgotten", () => connections.size === 0);
  await new Promise((resolve) => server.close(resolve));
});

Deno.test("a client is told how long its connection is kept, unless it is closed", async () => {
  await using server = await listen(() => new Response("body"));
  using client = await RawClient.connect(server.url);
  await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const head = await client.head();
  deepEqual([head.headers["connection"], head.headers["keep-alive"]], ["keep-alive", "timeout=60"]);
  await client.body(head);
  await client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const last = await client.head();
  deepEqual([last.headers["connection"], last.headers["keep-alive"]], ["close", undefined]);
  await client.rest();
  equal(client.ending, "closed");
});
