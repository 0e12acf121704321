/** Calls of a service whose providers come and go: by whoever offers it at the moment, and without a pause. */

import { deepEqual, equal } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { MeshNode } from "../../../src/mesh/node/mesh_node.ts";
import { startNode } from "../../../src/mesh/start_node.ts";
import { offerKnown } from "../../support/mesh/offer_known.ts";
import { within } from "../../support/within.ts";

const CROWD = fileURLToPath(new URL("crowd_worker.ts", import.meta.url));
const listen = "127.0.0.1:0";

/** A provider that others know of. */
async function provider(join: readonly string[], name: string): Promise<MeshNode> {
  const node = await startNode({ listen, join });
  await offerKnown(node, "job", () => new Response(name));
  return node;
}

async function ask(node: MeshNode): Promise<string> {
  return await (await node.fetch("job", new Request("http://job/"))).text();
}

Deno.test("a provider that has come before another one leaves takes its calls at once", async () => {
  await using door = await startNode({ listen });
  await using caller = await startNode({ join: door.addresses });
  let before = await provider(door.addresses, "0");
  equal(await ask(caller), "0");
  for (let i = 1; i <= 5; i++) {
    const next = await provider(door.addresses, String(i));
    await before.close();
    deepEqual(await Promise.all(Array.from({ length: 10 }, () => ask(caller))), Array(10).fill(String(i)));
    before = next;
  }
  await before.close();
});

Deno.test("a provider is found among many that have crashed and not been missed yet", async () => {
  await using door = await startNode({ listen });
  const args = ["run", "-A", CROWD, "40", door.addresses[0]];
  const crowd = new Deno.Command(Deno.execPath(), { args, stdin: "null", stdout: "piped" }).spawn();
  const lines = crowd.stdout.pipeThrough(new TextDecoderStream()).getReader();
  equal((await within("the crowd is there", lines.read())).value, "known\n");
  crowd.kill("SIGKILL");
  await Promise.all([crowd.status, lines.cancel()]);
  await using _living = await provider(door.addresses, "living");
  equal((await door.providersFor("job")).length, 41);
  for (let i = 0; i < 10; i++) {
    await using caller = await startNode({ join: door.addresses });
    equal(await ask(caller), "living", `call ${i}`);
  }
});
