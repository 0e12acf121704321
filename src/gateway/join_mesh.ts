/** The gateway as a node of the mesh. */

import type { Log } from "../log.ts";
import type { MeshNode } from "../mesh/node/mesh_node.ts";
import { startNode } from "../mesh/start_node.ts";
import { readKeyFile } from "../net/key_file.ts";
import { isLoopback } from "../net/loopback.ts";
import { readNetworkKey } from "../net/network_key.ts";
import type { MeshConfig } from "./config/model.ts";
import { keyOf } from "./fronts.ts";

/**
 * Joins it.
 *
 * @throws {Error} naming what is wrong: an address that is taken, a file that holds no key
 */
export async function joinMesh(config: MeshConfig, log: Log): Promise<MeshNode> {
  const { listen, join, advertise, key, networkKey, allow, flatend } = config;
  const keys = key === undefined ? undefined : readKeyFile(key);
  if (keys && !keys.pair) throw new TypeError(`Cannot use the keys of ${key}: there is no private key in it`);
  const network = networkKey === undefined ? undefined : readNetworkKey(networkKey);
  for (const warning of [keys?.warning, network?.warning]) if (warning) log("warn", warning);
  const isOpen = networkKey === undefined && allow === undefined;
  if (isOpen && listen.some(({ hostname }) => !isLoopback(hostname))) {
    log("warn", "Whoever reaches the mesh's port may join: give the nodes a networkKey, or say whom to allow");
  }
  const node = await startNode({
    ...{ listen: listen.map(keyOf), join, allow, log, key: keys?.pair },
    advertise: advertise.length > 0 ? advertise : undefined,
    networkKey: network?.key,
    flatend: flatend && keyOf(flatend),
  });
  for (const address of node.addresses) log("info", "Nodes of the mesh reach the gateway", { address, node: node.id });
  return node;
}
