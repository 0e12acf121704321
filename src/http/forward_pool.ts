/** Connections to upstreams that are kept for the next request. */

import { Agent } from "node:http";
import { limits } from "../limits.ts";

/** A proxy that this process's environment names for requests to the internet is none for services (NODE_USE_ENV_PROXY). */
const DIRECT = { noDelay: true, proxyEnv: {} };

/** Makes a connection that is for one request only. */
export function oneConnection(): Agent {
  return new Agent({ ...DIRECT, keepAlive: false });
}

/** Keeps connections for a while, those of each upstream apart. */
export class UpstreamPool implements Disposable {
  /** The pool in the words of node:http. It heeds what upstreams say in `Keep-Alive` too. */
  readonly agent: Agent;

  /** @param options.idleMs how long each is kept */
  constructor(options: { readonly idleMs?: number } = {}) {
    this.agent = new Agent({
      ...DIRECT,
      keepAlive: true,
      maxFreeSockets: limits.upstreamIdleConnections,
      timeout: options.idleMs ?? limits.upstreamIdleMs, // of one that is in use it does nothing
    });
  }

  /** Closes those that are idle, and cuts those that are not. */
  [Symbol.dispose](): void {
    this.agent.destroy();
  }
}
