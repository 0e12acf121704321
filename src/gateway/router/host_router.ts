/** Finds the route for a request among those of all servers that share an address. */

import { problem } from "../../http/problem.ts";
import { covers, hostnameOf, HostTable } from "./host_table.ts";
import { PathRouter, type PathRouterOptions } from "./path_router.ts";
import type { Taken } from "./path_routes.ts";
import type { RouteEntry } from "./route_entry.ts";

/** Routes, and the hosts that they are for. */
export interface HostRoutes<R> extends PathRouterOptions {
  /** Lower case; none: all that no other has. */
  readonly hosts: readonly string[];
  readonly entries: readonly RouteEntry<R>[];
}

/** Routes by host and path. */
export class HostRouter<R> {
  readonly #hosts = new HostTable<PathRouter<R>>();

  /** @throws {TypeError} for a pattern that can't be */
  constructor(servers: readonly HostRoutes<R>[]) {
    for (const server of servers) {
      const own = server.hosts.length > 0 ? server.hosts : ["*"];
      // A route that narrows its server's hosts is among all routes of a name that it covers.
      const narrowed = server.entries.flatMap(({ match }) => match.hosts)
        .filter((host) => own.some((each) => covers(each, host)));
      for (const host of new Set([...own, ...narrowed])) {
        const entries = server.entries.filter(({ match: { hosts } }) =>
          hosts.length === 0 || hosts.some((each) => covers(each, host))
        );
        this.#hosts.set(host, new PathRouter(entries, server));
      }
    }
  }

  /** The route that takes a request, else the answer to it. */
  find(request: Request): Taken<R> | Response {
    const router = this.#hosts.get(hostnameOf(request.url));
    return router?.find(request) ?? problem(404, "Nothing is served under this host");
  }
}
