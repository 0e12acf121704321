/** The keys of a node that is started from the command line. */

import { identityOf } from "../../mesh/identity.ts";
import type { NodeOptions } from "../../mesh/node/node_options.ts";
import { readNetworkKey } from "../../net/network_key.ts";
import { readKeyPair } from "../keys/key_pair.ts";
import type { MeshFlags } from "./mesh_flags.ts";
import { tellStderr } from "../output.ts";

/**
 * Reads them; what is to be said of the files is told.
 *
 * @throws {TypeError} for a file that holds something else
 * @throws {Deno.errors.NotFound} and the like: one can't be read
 */
export function readMeshKeys({ key, networkKey }: MeshFlags): Pick<NodeOptions, "key" | "networkKey"> {
  const identity = key === undefined ? undefined : readKeyPair(key);
  if (identity) identityOf(identity); // before anything is started: not every key can be a node's
  if (networkKey === undefined) return { key: identity };
  const { key: bytes, warning } = readNetworkKey(networkKey);
  if (warning) tellStderr(`sluice: ${warning}\n`);
  return { key: identity, networkKey: bytes };
}
