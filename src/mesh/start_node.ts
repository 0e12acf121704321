/** Starts a node of the mesh. */

import { NETWORK_KEY_BYTES } from "../net/network_key.ts";
import { MeshNode } from "./node/mesh_node.ts";
import type { NodeOptions } from "./node/node_options.ts";

/**
 * Starts a node: it listens, joins a mesh and offers services, and calls those of others by name. What goes between nodes
 * is encrypted (Noise_XX_25519_AESGCM_BLAKE2b), and each proves who it is.
 *
 * @returns when it listens, and has joined or was tried to join by each of its join points; it goes on trying
 * @throws {Deno.errors.AddrInUse} when an address is taken
 * @throws {TypeError} for what is no address, no name of a service, or a key that can't be used
 *
 * @example Two nodes, and a call from one to the other
 * ```ts
 * import { startNode } from "@sluice/sluice";
 *
 * await using server = await startNode({
 *   listen: "127.0.0.1:0",
 *   services: { "greet@1.0.0": async (request) => new Response(`Hello, ${await request.text()}!`) },
 * });
 * await using laptop = await startNode({ join: server.addresses });
 *
 * const request = new Request("http://greet/", { method: "POST", body: "Ada" });
 * const response = await laptop.fetch("greet@^1", request);
 * console.log(await response.text()); // Hello, Ada!
 * ```
 */
export async function startNode(options: NodeOptions = {}): Promise<MeshNode> {
  const { networkKey, signal } = options;
  if (networkKey && networkKey.byteLength !== NETWORK_KEY_BYTES) {
    throw new TypeError(`A network key has ${NETWORK_KEY_BYTES} bytes, not ${networkKey.byteLength}`);
  }
  signal?.throwIfAborted();
  const node = new MeshNode(options);
  try {
    await node.start(options);
    signal?.throwIfAborted(); // an abort while it was starting has told nobody
  } catch (error) {
    await node.close(0);
    throw error;
  }
  signal?.addEventListener("abort", () => void node.close(), { once: true });
  return node;
}
