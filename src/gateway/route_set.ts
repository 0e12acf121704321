/** The routes of a whole gateway at work, and their renewal when its file is read again. */

import { HttpError } from "../errors.ts";
import type { Handler } from "../http/handler.ts";
import type { Access } from "../http/node_server.ts";
import { errorResponse } from "../http/problem.ts";
import type { AccessLog } from "./admin/access_log.ts";
import { type Metrics, NO_ROUTE } from "./admin/metrics.ts";
import { Kept } from "./kept.ts";
import type { LiveRoute } from "./live_route.ts";
import type { PlannedRoute } from "./plan_routes.ts";
import { userOf } from "./policy/user_of.ts";
import { HostRouter } from "./router/host_router.ts";
import type { PathRouterOptions } from "./router/path_router.ts";

/** A server's routes, before they are made. */
export interface PlannedServer extends PathRouterOptions {
  /** Keys of the addresses that it listens on. */
  readonly addresses: readonly string[];
  readonly hosts: readonly string[];
  readonly routes: readonly PlannedRoute[];
}

/** Routes that are made, and that no request finds yet. */
export interface PreparedRoutes {
  /** From now on requests find these; routes that are gone are let go of when their last request is over. */
  commit(): void;
  /** Leaves all as it was. */
  rollback(): Promise<void>;
}

/** What is told of requests. */
export interface RouteSetOptions {
  readonly metrics: Metrics;
}

/** Routes by address, and which request is with which. */
export class RouteSet {
  /** Takes what became of each request. */
  accessLog: AccessLog = () => {};
  readonly #metrics: Metrics;
  readonly #kept = new Kept<LiveRoute>();
  #routers: ReadonlyMap<string, HostRouter<LiveRoute>> = new Map();
  readonly #taken = new WeakMap<Request, LiveRoute>();
  /** Routes that are not let go of yet. */
  readonly #leaving = new Map<LiveRoute, Promise<void>>();

  constructor({ metrics }: RouteSetOptions) {
    this.#metrics = metrics;
  }

  /**
   * Makes what is new of the routes.
   *
   * @throws what is wrong with one; then nothing has changed
   */
  async prepare(servers: readonly PlannedServer[]): Promise<PreparedRoutes> {
    const renewal = await this.#kept.renew(servers.flatMap(({ routes }) => routes), (route) => route.end());
    const discard = async () => void await Promise.allSettled(renewal.rollback().map((route) => route.end()));
    let routers: ReadonlyMap<string, HostRouter<LiveRoute>>;
    try {
      routers = routersOf(servers, renewal.values);
    } catch (error) {
      await discard();
      throw error;
    }
    return {
      commit: () => {
        this.#routers = routers;
        for (const route of renewal.commit()) this.#retire(route);
      },
      rollback: discard,
    };
  }

  /** The handler of an address. */
  handler(address: string): Handler {
    return (request, info) => {
      let found;
      try {
        found = this.#routers.get(address)?.find(request) ??
          errorResponse(new HttpError(503, "Nothing is served here"));
      } catch (error) {
        return errorResponse(error); // a path that is no text
      }
      if (found instanceof Response) return found;
      const { route, params } = found;
      route.enter();
      this.#metrics.began(route.label);
      this.#taken.set(request, route);
      return route.handler(request, { ...info, params });
    };
  }

  /** To be told when the answer to a request has ended. */
  ended(access: Access, request: Request | undefined): void {
    const route = request && this.#taken.get(request);
    if (route) {
      this.#metrics.ended(route.label, access);
      route.leave();
    } else this.#metrics.answered(NO_ROUTE, access);
    this.accessLog({ ...access, route: route?.label, user: request && userOf(request) });
  }

  /** Ends all routes, whatever is under way. */
  async close(): Promise<void> {
    this.#routers = new Map();
    const routes = [...this.#kept.values, ...this.#leaving.keys()];
    await Promise.allSettled(routes.map((route) => route.end()));
  }

  #retire(route: LiveRoute): void {
    const gone = route.retire().catch(() => {/* what it held was let go as far as it could be */}).then(() => {
      this.#leaving.delete(route);
      if (!this.#kept.values.some(({ label }) => label === route.label)) this.#metrics.forget(route.label);
    });
    this.#leaving.set(route, gone);
  }
}

function routersOf(
  servers: readonly PlannedServer[],
  routes: readonly LiveRoute[],
): ReadonlyMap<string, HostRouter<LiveRoute>> {
  let at = 0;
  const made = servers.map((server) => {
    const entries = server.routes.map(({ match }) => ({ match, route: routes[at++] }));
    return { ...server, entries };
  });
  const addresses = new Set(servers.flatMap(({ addresses }) => addresses));
  return new Map([...addresses].map((address) => {
    return [address, new HostRouter(made.filter((server) => server.addresses.includes(address)))];
  }));
}
