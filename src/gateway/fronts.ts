/** The listening sockets of a gateway. One that a new reading of the file still names is kept open. */

import type { Handler } from "../http/handler.ts";
import { type HttpServer, serveHttp } from "../http/node_server.ts";
import type { ServeOptions } from "../http/serve_options.ts";
import { limits } from "../limits.ts";
import { whyNotListening } from "../net/listen_failure.ts";
import { urlHost } from "../net/url_host.ts";
import type { Address } from "./config/model.ts";

/** A socket that is to be there. */
export interface WantedFront {
  readonly address: Address;
  readonly handler: Handler;
  /** What can't be changed while it is open; another one takes effect when the gateway starts anew. */
  readonly options: Omit<ServeOptions, "hostname" | "port">;
  /** Equal texts, equal options. */
  readonly optionsKey: string;
}

/** One that is. */
interface OpenFront {
  readonly server: HttpServer;
  readonly scheme: "http" | "https";
  readonly optionsKey: string;
}

/** Sockets that were opened and that nothing is known of yet. */
export interface PreparedFronts {
  /** Keeps them, and closes those that are wanted no more, each when its last request is over. */
  commit(): void;
  rollback(): Promise<void>;
  /** Addresses whose options can't be changed now. */
  readonly unchanged: readonly string[];
}

/** All that are open. */
export class Fronts {
  readonly #open = new Map<string, OpenFront>();
  /** Those that take no connections any more. */
  readonly #closing = new Set<HttpServer>();

  /** Their URLs, in the order in which they were opened. */
  get urls(): readonly string[] {
    return [...this.#open.values()].map(({ server, scheme }) => {
      return `${scheme}://${urlHost(server.hostname)}:${server.port}`;
    });
  }

  /**
   * Opens what is not open yet.
   *
   * @throws {Error} naming the address that can't be had; then nothing has changed
   */
  async prepare(wanted: ReadonlyMap<string, WantedFront>): Promise<PreparedFronts> {
    const opened = new Map<string, OpenFront>();
    const rollback = async () => void await Promise.all([...opened.values()].map(({ server }) => server.close(0)));
    try {
      for (const [key, front] of wanted) if (!this.#open.has(key)) opened.set(key, await open(front));
    } catch (error) {
      await rollback();
      throw error;
    }
    return {
      unchanged: [...wanted].filter(([key, { optionsKey }]) => {
        const known = this.#open.get(key);
        return known && known.optionsKey !== optionsKey;
      }).map(([key]) => key),
      rollback,
      commit: () => {
        for (const [key, { server }] of this.#open) {
          if (wanted.has(key)) continue;
          this.#open.delete(key);
          this.#close(server);
        }
        for (const [key, front] of opened) this.#open.set(key, front);
      },
    };
  }

  /** Closes all. */
  async close(graceMs: number, hurry?: AbortSignal): Promise<void> {
    const servers = [...[...this.#open.values()].map(({ server }) => server), ...this.#closing];
    await Promise.all(servers.map((server) => server.close(graceMs, hurry)));
  }

  #close(server: HttpServer): void {
    this.#closing.add(server);
    server.close(limits.timerMs).then(() => this.#closing.delete(server));
  }
}

/** What an address is known by. */
export function keyOf({ hostname, port }: Address): string {
  return `${urlHost(hostname)}:${port}`;
}

async function open({ address, handler, options, optionsKey }: WantedFront): Promise<OpenFront> {
  try {
    const server = await serveHttp(handler, { ...options, ...address });
    return { server, scheme: options.tls ? "https" : "http", optionsKey };
  } catch (cause) {
    throw cannotListen(keyOf(address), cause);
  }
}

/** What to say of an address or socket that can't be had. */
export function cannotListen(where: string, cause: unknown): Error {
  return new Error(`Cannot listen on ${where}: ${whyNotListening(cause)}`, { cause });
}
