/** A gateway as a node of the mesh: what it routes to are services on other nodes. */

import { deepEqual, equal, ok } from "node:assert/strict";
import type { Handler } from "../../src/http/handler.ts";
import type { MeshNode } from "../../src/mesh/node/mesh_node.ts";
import { startNode } from "../../src/mesh/start_node.ts";
import { detail, seen } from "../support/ask.ts";
import { QUIET, startGateway, type TestGateway } from "../support/gateway.ts";
import { until } from "../support/within.ts";

/** A gateway that routes to one service. */
const TEXT = `${QUIET}
[mesh]
listen = "127.0.0.1:0"
[[routes]]
path = "/greet/:name"
service = "greet@^1"
`;

/** Where nodes reach it. */
async function joinOf(gateway: TestGateway): Promise<string> {
  const { fields } = await gateway.said("Nodes of the mesh reach the gateway");
  return String(fields?.address);
}

/** A node that answers with its name. */
async function greeter(gateway: TestGateway, name: string, version = "1.0.0"): Promise<MeshNode> {
  const greet: Handler = (_, info) => new Response(`${name} greets ${info?.params?.name}`);
  return await startNode({ join: await joinOf(gateway), services: { [`greet@${version}`]: greet } });
}

/** Waits until a path is answered so. */
function answers(gateway: TestGateway, path: string, wanted: RegExp): Promise<void> {
  return until(`${path} is answered ${wanted}`, async () => {
    const { status, body } = await seen(gateway.url + path);
    return wanted.test(`${status} ${body}`);
  });
}

Deno.test("a gateway routes to a service of the mesh as soon as a node offers it, and no longer", async () => {
  await using gateway = await startGateway(TEXT);
  equal((await detail(`${gateway.url}/greet/Ada`))[0], 503);
  const node = await greeter(gateway, "one");
  await answers(gateway, "/greet/Ada", /^200 one greets Ada$/);
  await node.close();
  await answers(gateway, "/greet/Ada", /^503 /);
});

Deno.test("a range of versions decides which nodes are asked", async () => {
  await using gateway = await startGateway(TEXT);
  await using _old = await greeter(gateway, "old", "0.9.0");
  await using _new = await greeter(gateway, "new", "2.0.0");
  await using _right = await greeter(gateway, "right", "1.4.2");
  await answers(gateway, "/greet/Ada", /^200 right greets Ada$/);
  for (let i = 0; i < 20; i++) equal((await seen(`${gateway.url}/greet/Bob`)).body, "right greets Bob");
});

Deno.test("nodes that come and go under load lose no request", async () => {
  await using gateway = await startGateway(TEXT);
  await using _always = await greeter(gateway, "always");
  await answers(gateway, "/greet/Ada", /^200 /);
  const statuses = new Map<number, number>();
  const stop = new AbortController();
  const load = Array.from({ length: 16 }, async () => {
    while (!stop.signal.aborted) {
      const { status } = await seen(`${gateway.url}/greet/Ada`);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  });
  const answered = new Set<string>();
  for (let round = 0; round < 4; round++) {
    const name = `guest${round}`;
    const guest = await greeter(gateway, name);
    await until(`${name} is asked`, async () => {
      const { body } = await seen(`${gateway.url}/greet/Ada`);
      if (body.startsWith(name)) answered.add(name);
      return answered.has(name);
    });
    await guest.close();
  }
  stop.abort();
  await Promise.all(load);
  deepEqual([...statuses.keys()], [200]);
  equal(answered.size, 4);
});

Deno.test("a service of the mesh is told who asked, and its answer's status, fields and trailing bytes come back", async () => {
  await using gateway = await startGateway(TEXT);
  const echo: Handler = async (request, info) => {
    const body = {
      method: request.method,
      url: request.url,
      client: info?.remoteAddr?.hostname,
      text: await request.text(),
    };
    return new Response(JSON.stringify(body), { status: 418, headers: { "x-kind": "teapot" } });
  };
  await using _node = await startNode({ join: await joinOf(gateway), services: { "greet@1.0.0": echo } });
  await answers(gateway, "/greet/Ada", /^418 /);
  const response = await fetch(`${gateway.url}/greet/Ada?loud=1`, { method: "PUT", body: "hello" });
  deepEqual([response.status, response.headers.get("x-kind")], [418, "teapot"]);
  const { method, url, client, text } = await response.json();
  deepEqual([method, new URL(url).pathname + new URL(url).search, client, text], [
    ...["PUT", "/greet/Ada?loud=1", "127.0.0.1", "hello"],
  ]);
});

Deno.test("a reload keeps the mesh, says that another one holds at the next start, and leaves it when none is named", async () => {
  await using gateway = await startGateway(TEXT);
  const node = await greeter(gateway, "one");
  await answers(gateway, "/greet/Ada", /^200 /);
  await gateway.reload(TEXT.replace("[mesh]", `[mesh]\njoin = "127.0.0.1:1"`));
  await gateway.said(/says changes at the next start/);
  equal((await seen(`${gateway.url}/greet/Ada`)).status, 200);
  const left = new Promise((resolve) => node.addEventListener("part", resolve, { once: true }));
  await gateway.reload(`${QUIET}[[routes]]\npath = "/"\nrespond = "hello"\n`);
  await left;
  await node.close();
});

Deno.test("a mesh whose port is taken is told by its address, and leaves nothing behind", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  const error = await startGateway(TEXT.replace(`listen = "127.0.0.1:0"\n[[`, `listen = "127.0.0.1:${port}"\n[[`))
    .then(async (gateway) => await gateway[Symbol.asyncDispose](), (error: Error) => error);
  ok(error instanceof Error && error.message.includes(String(port)), String(error));
});
