/** What answers plain HTTP where a server speaks TLS: authorities that look whether a name is ours, and a way on. */

import type { Handler } from "../http/handler.ts";
import { problem } from "../http/problem.ts";
import { pathOf } from "../http/served_request.ts";
import type { ServerConfig } from "./config/model.ts";
import { covers, hostnameOf } from "./router/host_table.ts";

const CHALLENGES = "/.well-known/acme-challenge/";

/**
 * Makes the handler of an address of plain HTTP.
 *
 * @param servers those that redirect from it
 * @param challenge answers authorities
 */
export function redirectFront(servers: () => readonly ServerConfig[], challenge: Handler): Handler {
  return (request, info) => {
    if (pathOf(request.url).startsWith(CHALLENGES)) return challenge(request, info);
    const host = hostnameOf(request.url);
    const server = servers().find(({ hosts }) => hosts.length === 0 || hosts.some((each) => covers(each, host)));
    // A host that is none of ours would make a redirect to anywhere of us.
    if (!server) return problem(404, "Nothing is served under this host");
    const url = new URL(request.url);
    url.protocol = "https:";
    url.port = String(server.listen[0].port);
    const status = request.method === "GET" || request.method === "HEAD" ? 301 : 308;
    return new Response(null, { status, headers: { location: url.href } });
  };
}
