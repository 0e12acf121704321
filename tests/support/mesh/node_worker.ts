/** A node in a process of its own. It says where it is, and does what lines on its standard input ask for. */

import { startNode } from "../../../src/mesh/start_node.ts";
import { CallLoad } from "./call_load.ts";
import type { NodeProcessOptions } from "./node_process.ts";

const { services = [], name = "", delayMs = 0, ...options }: NodeProcessOptions = JSON.parse(Deno.args[0]);
const handler = async () => {
  if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
  return new Response(name);
};
const node = await startNode({
  ...options,
  services: Object.fromEntries(services.map((service) => [service, handler])),
});
console.log(JSON.stringify({ id: node.id, addresses: node.addresses }));
let load: CallLoad | undefined;
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  for (const line of text.trim().split("\n")) {
    const [word, service, parallel] = line.split(" ");
    if (word === "load") load = new CallLoad(node, service, { parallel: Number(parallel) });
    if (word !== "stop") continue;
    const { answers, tookMs, slowestMs } = await load!.stop();
    const slow = tookMs.filter((ms) => ms > 1000).length;
    console.log(JSON.stringify({ answers, slowestMs: Math.round(slowestMs), slow }));
  }
}
await node.close();
