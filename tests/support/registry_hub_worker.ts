/**
 * A hub, or a client of some, in a process of its own, which a test kills, stops, or cuts off. Lines on standard input are
 * `register ID` and `free ID`; lines on standard output tell the hub's URL, then the ids of role `web` whenever they change.
 */

import { connectRegistry } from "../../src/registry/connect_registry.ts";
import type { RegistryOptions } from "../../src/registry/hub/hub_options.ts";
import { startRegistry } from "../../src/registry/start_registry.ts";
import type { WorkerOptions } from "./registry_worker.ts";

const { hub: hubOptions, connect } = JSON.parse(Deno.args[0]) as WorkerOptions;
const hub = hubOptions && await startRegistry({ port: 0, ...hubOptions as RegistryOptions });
if (hub) console.log(hub.url);
const client = connectRegistry(connect ?? hub!.url!);
follow();
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  for (const line of text.trim().split("\n")) {
    const [command, id] = line.split(" ");
    if (command === "register") client.register("web@1.0.0", { id, port: 1 });
    else client.free(id);
  }
}
await client.close();
await hub?.close();

async function follow(): Promise<void> {
  for await (const event of (hub ?? client).watch("web")) {
    void event; // what it tells of is asked for as a whole
    console.log(JSON.stringify((hub ?? client).query("web").map(({ id }) => id).sort()));
  }
}
