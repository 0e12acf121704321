/** The mesh for programs of Node.js, from version 20 on: nodes that offer services and call those of others. */

import "./before_node_24.mjs";

export { keyPairFromPem, newKeyPair } from "../../src/net/keys.ts";
export type { KeyPair } from "../../src/net/keys.ts";
export { HttpError } from "../../src/errors.ts";
export { MeshError } from "../../src/mesh/mesh_error.ts";
export type { MeshNode } from "../../src/mesh/node/mesh_node.ts";
export type { NodeOptions } from "../../src/mesh/node/node_options.ts";
export { startNode } from "../../src/mesh/start_node.ts";
