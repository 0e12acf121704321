/** Connections to upstreams that are kept for the next request. */

import { Agent, type AgentOptions } from "node:http";
import { Agent as TlsAgent } from "node:https";
import { limits } from "../limits.ts";

/** A proxy that this process's environment names for requests to the internet is none for services (NODE_USE_ENV_PROXY). */
const DIRECT = { noDelay: true, proxyEnv: {} };

/** How an upstream that speaks TLS is known: its certificate has to be for its host. */
export interface UpstreamTls {
  /** Certificates, as PEM, that lead to its own. Default: those that the runtime trusts. */
  readonly ca?: string;
}

/** Makes a connection that is for one request only. */
export function oneConnection(tls?: UpstreamTls): Agent {
  return makeAgent({ ...DIRECT, keepAlive: false }, tls);
}

/** Keeps connections for a while, those of each upstream apart. */
export class UpstreamPool implements Disposable {
  readonly #options: AgentOptions;
  /** Agents by what connections have to be checked against. */
  readonly #agents = new Map<string, Agent>();

  /** @param options.idleMs how long each is kept */
  constructor(options: { readonly idleMs?: number } = {}) {
    this.#options = {
      ...DIRECT,
      keepAlive: true,
      maxFreeSockets: limits.upstreamIdleConnections,
      timeout: options.idleMs ?? limits.upstreamIdleMs, // of one that is in use it does nothing
    };
  }

  /** The pool in the words of node:http. It heeds what upstreams say in `Keep-Alive` too. */
  agentFor(tls?: UpstreamTls): Agent {
    const key = tls ? `TLS ${tls.ca ?? ""}` : "";
    let agent = this.#agents.get(key);
    if (!agent) this.#agents.set(key, agent = makeAgent(this.#options, tls));
    return agent;
  }

  /** Closes those that are idle, and cuts those that are not. */
  [Symbol.dispose](): void {
    for (const agent of this.#agents.values()) agent.destroy();
  }
}

function makeAgent(options: AgentOptions, tls: UpstreamTls | undefined): Agent {
  return tls ? new TlsAgent({ ...options, ca: tls.ca, rejectUnauthorized: true }) : new Agent(options);
}
