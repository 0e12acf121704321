/** Passes requests on to servers that are written in the file. */

import { forward, type ForwardOptions, type Upstream } from "../../http/forward.ts";
import { ForwardError } from "../../http/forward_error.ts";
import { UpstreamPool } from "../../http/forward_pool.ts";
import type { Handler, RequestInfo } from "../../http/handler.ts";
import { limits } from "../../limits.ts";
import { Balance } from "../../registry/balance.ts";
import type { Service } from "../../registry/service.ts";
import type { UpstreamConfig } from "../config/target_model.ts";
import { type PathTemplate, pathTemplate, withQueryOf } from "./path_template.ts";

/** Options of {@linkcode upstreamTarget}. */
export interface UpstreamTargetOptions {
  /** Believe what requests say in `X-Forwarded-*` and `Forwarded`. */
  readonly trustForwarded?: boolean;
  /** Certificates, as PEM, that lead to those of upstreams that speak TLS. Default: those that the runtime trusts. */
  readonly ca?: string;
  /** How long to wait for a connection, milliseconds. */
  readonly connectMs?: number;
  /** From 0 to below 1, as `Math.random`. */
  readonly random?: () => number;
}

/** One server, as the balance knows it, and where it is. */
interface Server extends Upstream {
  readonly service: Service;
  /** Before all paths; without a slash at its end. */
  readonly base: string;
}

/**
 * Makes the target. A request goes to one server, and to another only when nothing of it was sent to the first.
 *
 * @throws {TypeError} for a URL or a path that can't be
 */
export function upstreamTarget(config: UpstreamConfig, options: UpstreamTargetOptions = {}): Handler & AsyncDisposable {
  const servers = new Servers(config, options);
  const handler: Handler = (request, info) => servers.answer(request, info);
  return Object.assign(handler, {
    [Symbol.asyncDispose]: () => {
      servers[Symbol.dispose]();
      return Promise.resolve();
    },
  });
}

class Servers implements Disposable {
  readonly #servers: ReadonlyMap<string, Server>;
  readonly #all: readonly Service[];
  readonly #balance: Balance;
  readonly #pool = new UpstreamPool();
  readonly #rewrite: PathTemplate | undefined;
  readonly #options: ForwardOptions;

  constructor({ urls, rewrite, hostField }: UpstreamConfig, { ca, random, ...options }: UpstreamTargetOptions) {
    const servers = urls.map((url, index) => parseServer(url, index, ca));
    this.#servers = new Map(servers.map((server) => [server.service.id, server]));
    this.#all = servers.map(({ service }) => service);
    this.#balance = new Balance({ random });
    this.#rewrite = rewrite === undefined ? undefined : pathTemplate(rewrite);
    this.#options = { ...options, hostField, pool: this.#pool };
  }

  async answer(request: Request, info: RequestInfo | undefined): Promise<Response> {
    const path = this.#pathFor(request, info);
    const tried = new Set<Service>();
    for (;;) {
      const untried = tried.size === 0 ? this.#all : this.#all.filter((service) => !tried.has(service));
      const service = this.#balance.pick(untried, performance.now())!;
      try {
        return await this.#send(request, info, service, path);
      } catch (error) {
        if (!(error instanceof ForwardError) || error.sent) throw error;
        this.#balance.avoid(service.id, performance.now());
        tried.add(service);
        if (tried.size >= Math.min(this.#all.length, limits.routeTries)) throw error;
      }
    }
  }

  [Symbol.dispose](): void {
    this.#pool[Symbol.dispose]();
  }

  #send(request: Request, info: RequestInfo | undefined, { id }: Service, path: string): Promise<Response> {
    const server = this.#servers.get(id)!;
    this.#balance.begin(id);
    return forward(request, server, {
      ...this.#options,
      client: info?.remoteAddr?.hostname,
      path: server.base + path,
      onEnd: () => this.#balance.end(id),
    });
  }

  /** Path and query below the base. */
  #pathFor({ url }: Request, info: RequestInfo | undefined): string {
    if (this.#rewrite) return withQueryOf(url, this.#rewrite(info?.params), this.#rewrite);
    const [path] = url.slice(url.indexOf("/", url.indexOf("//") + 2)).split("#", 1);
    return path;
  }
}

function parseServer(text: string, index: number, ca: string | undefined): Server {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
    throw new TypeError(`Cannot pass requests on to ${JSON.stringify(text)}: it is no URL as http://host:port/base`);
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const isSecure = url.protocol === "https:";
  const port = Number(url.port || (isSecure ? 443 : 80));
  const service = { id: String(index), role: "upstream", host, port };
  return { service, host, port, base: url.pathname.replace(/\/+$/, ""), ...(isSecure ? { tls: { ca } } : {}) };
}
