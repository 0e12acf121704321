/** The gateway for who embeds it: a file of routes goes in, a server comes out. */

import type { Log } from "../log.ts";
import type { Gateway } from "./serve_gateway.ts";

/** Options of {@linkcode serveGatewayFile}. */
export interface GatewayFileOptions {
  /** Takes events, and lines of the access log where that is for people. Default: nothing is told. */
  readonly log?: Log;
  /** Takes lines of the access log in the forms `json` and `combined`, newline included. Default: nothing is told. */
  readonly writeAccess?: (line: string) => void;
  /** Connections at a time to each address. Default: what all servers have, half of the descriptors. */
  readonly connections?: number;
  /** Closes the gateway. */
  readonly signal?: AbortSignal;
}

/** A gateway that takes requests. Disposing it closes it. */
export interface GatewayServer extends AsyncDisposable {
  /** Where it does, with the real ports. */
  readonly urls: readonly string[];
  /** URL, or path of the socket, at which the operator asks; undefined for nowhere. */
  readonly admin: string | undefined;
  /**
   * Reads the file again and puts it into force. Requests under way go on, and no socket that stays is closed.
   *
   * @throws {ConfigError} with all that is wrong with the file; then nothing has changed
   * @throws {Error} naming what can't be served; then nothing has changed
   */
  reload(): Promise<void>;
  /**
   * Stops accepting, and waits for the requests under way, as long as the file's `grace` lets them.
   *
   * @param hurry cuts them when it aborts
   */
  close(hurry?: AbortSignal): Promise<void>;
}

/**
 * Serves a file of routes (docs/gateway.md), as `sluice gateway` does.
 *
 * @param path a file of TOML, YAML or JSON, by its extension
 * @returns when it accepts connections
 * @throws {ConfigError} with all that is wrong with the file
 * @throws {Error} naming what can't be served: an address that is taken, a program that can't be run
 *
 * @example A program and a text
 * ```ts
 * import { serveGatewayFile } from "@sluice/sluice";
 *
 * const file = await Deno.makeTempFile({ suffix: ".toml" });
 * await Deno.writeTextFile(
 *   file,
 *   `
 *   listen = "127.0.0.1:0"
 *
 *   [[routes]]
 *   path = "POST /shout"
 *   run = "tr a-z A-Z"
 *   `,
 * );
 * await using gateway = await serveGatewayFile(file);
 * const response = await fetch(`${gateway.urls[0]}/shout`, { method: "POST", body: "hello" });
 * console.log(await response.text()); // HELLO
 * ```
 */
export async function serveGatewayFile(path: string, options: GatewayFileOptions = {}): Promise<GatewayServer> {
  const { signal, ...rest } = options;
  signal?.throwIfAborted();
  // It is loaded by those that use it: with its parts it takes longer to load than all the rest of the library.
  const [{ readConfig }, { serveGateway }] = await Promise.all([
    import("./config/read_config.ts"),
    import("./serve_gateway.ts"),
  ]);
  const gateway = await serveGateway(readConfig(path), rest);
  if (signal?.aborted) {
    await gateway.close();
    signal.throwIfAborted();
  }
  const server = new FileGateway(gateway, () => gateway.reload(() => readConfig(path)));
  signal?.addEventListener("abort", () => void server.close(), { once: true });
  return server;
}

class FileGateway implements GatewayServer {
  readonly #gateway: Gateway;
  readonly reload: () => Promise<void>;

  constructor(gateway: Gateway, reload: () => Promise<void>) {
    this.#gateway = gateway;
    this.reload = reload;
  }

  get urls(): readonly string[] {
    return this.#gateway.urls;
  }

  get admin(): string | undefined {
    return this.#gateway.admin;
  }

  async close(hurry?: AbortSignal): Promise<void> {
    await this.#gateway.close(hurry);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
