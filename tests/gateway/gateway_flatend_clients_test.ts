/** npm's flatend itself, on both sides of a gateway that reads flatend's own file. */

import { equal, match } from "node:assert/strict";
import type { GatewayConfig } from "../../src/gateway/config/model.ts";
import { startNode } from "../../src/mesh/start_node.ts";
import { seen } from "../support/ask.ts";
import { startGateway } from "../support/gateway.ts";
import { Flatend } from "../support/mesh/flatend.ts";
import { nodeTest } from "../support/node_process.ts";
import { freePort, releasePort } from "../../src/net/free_port.ts";
import { until } from "../support/within.ts";

/** As in flatend's README, but for the ports. */
const file = (port: number) =>
  `addr = "127.0.0.1:${port}"

[[http]]
addr = "127.0.0.1:0"

[[http.routes]]
path = "GET /hello/:name"
service = "hello_world"

[[http.routes]]
path = "POST /upper"
services = ["nowhere", "upper"]
`;

const quiet = (config: GatewayConfig): GatewayConfig => ({ ...config, accessLog: "none" });

nodeTest("flatend's first example runs with its own client behind our gateway", async () => {
  const port = await freePort();
  await using gateway = await startGateway(file(port), { name: "config.toml", change: quiet });
  equal((await seen(`${gateway.url}/hello/Ada`)).status, 503);
  await using _client = await Flatend.start(
    { port },
    `{
      hello_world: (ctx) => ctx.send("Hello " + ctx.headers["params.name"] + "!"),
      upper: async (ctx) => { ctx.header("status", "201"); ctx.send(String(ctx.headers["query.by"])); },
    }`,
  );
  await until("the service is there", async () => (await seen(`${gateway.url}/hello/Ada`)).status === 200);
  equal((await seen(`${gateway.url}/hello/Ada`)).body, "Hello Ada!");
  const { status, body } = await seen(`${gateway.url}/upper?by=me`, { method: "POST", body: "x" });
  equal(`${status} ${body}`, "201 me");
  releasePort(port);
});

nodeTest("a client of flatend is called from another node of the mesh, and calls it", async () => {
  await using node = await startNode({ listen: "127.0.0.1:0", flatend: "127.0.0.1:0" });
  await using far = await startNode({
    join: node.addresses,
    services: { far: async (request) => new Response(`far got ${await request.text()}`) },
  });
  await using client = await Flatend.start({ port: node.flatendPort! }, `{ near: (ctx) => ctx.send("near answers") }`);
  await until("its service is found", async () => (await far.providersFor("near")).length === 1);
  equal(await (await far.fetch("near", new Request("http://near/"))).text(), "near answers");
  await until("the other way is found", async () => (await node.providersFor("far")).length === 1);
  match((await client.push(["far"], {}, { text: "hello" })).text, /^far got hello$/);
});
