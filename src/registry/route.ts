/** Requests that go to whichever instance of a service is there: found in a registry, balanced, passed on. */

import { forward } from "../http/forward.ts";
import { ForwardError } from "../http/forward_error.ts";
import { UpstreamPool } from "../http/forward_pool.ts";
import type { RequestInfo } from "../http/handler.ts";
import { problem } from "../http/problem.ts";
import { limits } from "../limits.ts";
import { Balance, type BalanceOptions } from "./balance.ts";
import type { Service, ServiceFinder } from "./service.ts";

/** Names the service for a request, such as `web@1.x`; undefined when there is none. */
export type ServicePick = (request: Request) => string | undefined;

/** Options of {@linkcode route}. */
export interface RouteOptions extends BalanceOptions {
  /** Believe what requests say in `X-Forwarded-*` and `Forwarded`: only behind a proxy that sets them. */
  readonly trustForwarded?: boolean;
  /** Sent as `Host`. Default: what the client sent. */
  readonly hostField?: string;
  /** How long to wait for a connection to an instance, milliseconds. Default 5000. */
  readonly connectMs?: number;
  /** How long to wait for its answer's head, or for it to take more of the body, milliseconds. Default 60,000. */
  readonly headMs?: number;
  /** How long a request waits for an instance when there is none, milliseconds. Default: not at all. */
  readonly waitMs?: number;
  /** Instances that are tried for one request, as long as nothing was sent to any. Default 3. */
  readonly tries?: number;
}

/** A handler that keeps connections to services; dispose it when its server has closed. */
export interface RouteHandler extends Disposable {
  (request: Request, info?: RequestInfo): Promise<Response>;
}

/**
 * Makes a handler that passes requests on to services.
 *
 * A request goes to one instance, and to another only when nothing of it was sent to the first. It is answered 404 when
 * `pick` names no service, 503 when none is there, 502 when none can be reached or the one that was breaks off, and 504
 * when that one does not answer in time. Serve it with `upgrade: true` for WebSockets.
 *
 * @param registry where services are found: a hub, or a client of one
 * @param pick names the service for a request
 *
 * @example A front for whatever is registered as `web`
 * ```ts
 * import { byPath, route, serveHttp, startRegistry } from "@sluice/sluice";
 *
 * await using hub = await startRegistry();
 * await using web = await serveHttp(() => new Response("hello"));
 * await hub.register("web@1.2.3", { host: "127.0.0.1", port: web.port });
 *
 * using handler = route(hub, byPath({ "/": "web@1.x" }));
 * const response = await handler(new Request("http://front/"));
 * console.log(await response.text()); // hello
 * ```
 */
export function route(registry: ServiceFinder, pick: ServicePick, options: RouteOptions = {}): RouteHandler {
  const router = new Router(registry, options);
  const handler = async (request: Request, info?: RequestInfo) => {
    const pattern = pick(request);
    if (pattern === undefined) return problem(404, "No service is known for this request");
    return await router.answer(pattern, request, info);
  };
  return Object.assign(handler, { [Symbol.dispose]: () => router[Symbol.dispose]() });
}

class Router implements Disposable {
  readonly #registry: ServiceFinder;
  readonly #options: RouteOptions;
  readonly #balance: Balance;
  readonly #pool = new UpstreamPool();
  readonly #closed = new AbortController();

  constructor(registry: ServiceFinder, options: RouteOptions) {
    this.#registry = registry;
    this.#options = options;
    this.#balance = new Balance(options);
  }

  async answer(pattern: string, request: Request, info: RequestInfo | undefined): Promise<Response> {
    const tried = new Set<string>();
    const triesMax = this.#options.tries ?? limits.routeTries;
    let failure: ForwardError | undefined;
    while (tried.size < triesMax) {
      const service = await this.#find(pattern, tried, request);
      if (!service) break;
      try {
        return await this.#send(request, service, info);
      } catch (error) {
        if (!(error instanceof ForwardError) || error.sent) throw error;
        this.#balance.avoid(service.id, performance.now());
        tried.add(service.id);
        failure = error;
      }
    }
    if (failure) throw failure;
    // The name stays out of it: what services there are is for the operator to know.
    return problem(503, "The service is not there at the moment", { headers: { "retry-after": "1" } });
  }

  [Symbol.dispose](): void {
    this.#closed.abort();
    this.#pool[Symbol.dispose]();
  }

  /** The next one to try. Waits only when there is none at all. */
  async #find(pattern: string, tried: ReadonlySet<string>, { signal }: Request): Promise<Service | undefined> {
    let services = this.#registry.query(pattern);
    if (services.length === 0 && tried.size === 0 && this.#options.waitMs) {
      services = await this.#wait(pattern, this.#options.waitMs, signal);
    }
    const untried = tried.size === 0 ? services : services.filter(({ id }) => !tried.has(id));
    return this.#balance.pick(untried, performance.now());
  }

  /** @throws what the signal was aborted with */
  async #wait(pattern: string, ms: number, gone: AbortSignal): Promise<readonly Service[]> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), ms);
    const signal = AbortSignal.any([gone, this.#closed.signal, late.signal]);
    try {
      return await this.#registry.get(pattern, { signal });
    } catch (error) {
      if (gone.aborted || !signal.aborted) throw error;
      return [];
    } finally {
      clearTimeout(timer);
    }
  }

  #send(request: Request, { id, host, port }: Service, info: RequestInfo | undefined): Promise<Response> {
    const { trustForwarded, hostField, connectMs, headMs } = this.#options;
    const client = info?.remoteAddr?.hostname;
    this.#balance.begin(id);
    return forward(request, { host, port }, {
      ...{ client, trustForwarded, hostField, connectMs, headMs },
      pool: this.#pool,
      onEnd: () => this.#balance.end(id),
    });
  }
}
