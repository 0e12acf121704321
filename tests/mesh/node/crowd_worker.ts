/**
 * Many nodes in one process, which all offer a service and listen nowhere: `crowd_worker.ts COUNT JOIN`. Says when the node
 * that they have joined knows of all.
 */

import { startNode } from "../../../src/mesh/start_node.ts";
import { offerKnown } from "../../support/mesh/offer_known.ts";

const [count, join] = [Number(Deno.args[0]), Deno.args[1]];
for (let i = 0; i < count; i++) {
  const node = await startNode({ join });
  await offerKnown(node, "job", () => new Response("crashed"));
}
console.log("known");
