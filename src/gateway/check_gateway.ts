/** Whether a file of routes could be served, found out without serving it. */

import { readConfig } from "./config/read_config.ts";
import type { GatewayConfig } from "./config/model.ts";
import { documentRoutes, openDocuments } from "./document_routes.ts";
import { silent } from "../log.ts";
import { HostRouter } from "./router/host_router.ts";

/** What is known of a file that is right. */
export interface CheckedGateway {
  readonly config: GatewayConfig;
  /** How many there are, those of OpenAPI documents too. */
  readonly routes: number;
}

/**
 * Reads a file and all that it names.
 *
 * @throws {Error} with all that is wrong with it
 */
export async function checkGateway(path: string): Promise<CheckedGateway> {
  const config = readConfig(path);
  const documents = await openDocuments(config.servers);
  const routes = config.servers.flatMap((server, index) => {
    const document = documents[index];
    const own = server.routes.map(({ methods, path, hosts, headers, policy }) => {
      return { match: { methods, path, hosts, headers, cors: policy.cors }, route: path };
    });
    const described = document ? documentRoutes(document, { log: silent, dev: false }) : [];
    const entries = [...own, ...described.map(({ match }) => ({ match, route: match.path }))];
    new HostRouter([{ ...server, entries }]); // it refuses patterns that can't be
    return entries;
  });
  return { config, routes: routes.length };
}
