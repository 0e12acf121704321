/** Hands requests to services of the mesh. */

import type { Handler, RequestInfo } from "../../http/handler.ts";
import { problem } from "../../http/problem.ts";
import type { MeshNode } from "../../mesh/node/mesh_node.ts";

/** Whoever has joined a mesh. */
export interface MeshCaller {
  /**
   * Calls the first of the services that is there.
   *
   * @throws {HttpError} when there is no answer
   */
  call(services: readonly string[], request: Request, info?: RequestInfo): Promise<Response>;
}

/** Calls by a node. */
export function meshCaller(node: MeshNode): MeshCaller {
  return { call: (services, request, info) => node.fetch(services, request, { info }) };
}

/**
 * Makes the target.
 *
 * @param mesh undefined where no mesh was joined: requests are answered 503
 */
export function meshTarget(services: readonly string[], mesh: MeshCaller | undefined): Handler {
  if (!mesh) return () => problem(503, "The service is on a mesh that this server has not joined");
  return (request, info) => mesh.call(services, request, info);
}
