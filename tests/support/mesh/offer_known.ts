/** Offers whose keepers are waited for: a node has joined before others know what it offers. */

import type { Handler } from "../../../src/http/handler.ts";
import type { MeshNode } from "../../../src/mesh/node/mesh_node.ts";
import { within } from "../within.ts";

/** Offers a service, and waits until another node knows. */
export async function offerKnown(node: MeshNode, service: string, handler: Handler): Promise<void> {
  const told = new Promise<void>((resolve) => {
    node.addEventListener("announce", ({ detail }) => detail.keepers > 0 && resolve());
  });
  node.offer(service, handler);
  await within(`${service} is known`, told);
}
