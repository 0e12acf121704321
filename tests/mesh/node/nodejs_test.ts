/** The mesh on Node.js: one file, and a node that offers and calls as those of Deno do. */

import { deepEqual, equal } from "node:assert/strict";
import { writeNodeSdk } from "../../../scripts/node_sdk.ts";
import { startNode } from "../../../src/mesh/start_node.ts";
import { makeFolder } from "../../support/folder.ts";
import { Transcript } from "../../support/serve.ts";
import { until, within } from "../../support/within.ts";

const SCRIPT = `
import { startNode } from "./sluice-node.mjs";
const node = await startNode({
  join: process.argv[2],
  services: {
    "shout@1.0.0": async (request, info) =>
      new Response((await request.text()).toUpperCase() + info.params.mark, { status: 201, headers: { "x-by": "node" } }),
    echo: (request) => new Response(request.body),
  },
});
console.log("joined");
for (;;) {
  try {
    const response = await node.fetch("greet@^2", new Request("http://greet/", { method: "POST", body: "Ada" }));
    console.log("heard " + response.status + " " + await response.text());
    break;
  } catch {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
process.stdin.on("end", async () => {
  await node.close();
  console.log("left");
  process.exit();
}).resume();
`;

/** What the tests need; undefined where it can't be had. */
async function prepare() {
  const folder = await makeFolder({ "script.mjs": SCRIPT });
  try {
    await new Deno.Command("node", { args: ["--version"], stdout: "null" }).output();
    await writeNodeSdk(folder.file("sluice-node.mjs"));
    return folder;
  } catch {
    await folder[Symbol.asyncDispose]();
    return undefined;
  }
}

const folder = await prepare();
const NAME = "a node of Node.js and one of Deno call each other";

Deno.test({
  name: folder ? NAME : `${NAME} (not tested: there is no node, or no bundler)`,
  ignore: !folder,
  fn: async () => {
    await using _folder = folder!;
    await using server = await startNode({
      listen: "127.0.0.1:0",
      services: { "greet@2.1.0": async (request) => new Response(`Hello, ${await request.text()}`) },
    });
    const args = [folder!.file("script.mjs"), server.addresses[0]];
    const child = new Deno.Command("node", { args, stdin: "piped", stdout: "piped" }).spawn();
    const transcript = new Transcript(child.stdout);
    const said = (pattern: RegExp) =>
      within(() => `it says ${pattern}; it said ${transcript.text}`, transcript.match(pattern));
    try {
      await said(/^joined$/m);
      await said(/^heard 200 Hello, Ada$/m);
      await until("its services are known", async () => (await server.providersFor("echo")).length > 0);
      const shout = new Request("http://shout/", { method: "POST", body: "hey" });
      const response = await server.fetch("shout@1.x", shout, { info: { params: { mark: "!" } } });
      deepEqual([response.status, response.headers.get("x-by"), await response.text()], [201, "node", "HEY!"]);
      const body = new Uint8Array(3_000_000).map((_, i) => i >> 3);
      const echo = await server.fetch("echo", new Request("http://echo/", { method: "POST", body }));
      deepEqual(await echo.bytes(), body);
      await child.stdin.close();
      await said(/^left$/m);
      equal((await within("it ends", child.status)).code, 0);
    } finally {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended.
      }
      await Promise.all([child.status, transcript.ended]);
    }
  },
});
