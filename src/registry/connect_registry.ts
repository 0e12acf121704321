/** Connects to a registry. */

import type { RegistryClientOptions } from "./client/client_options.ts";
import { RegistryClient } from "./client/registry_client.ts";

/**
 * Connects to one of several hubs, and stays connected until it is closed: to the next one when one is lost.
 *
 * @param hubs addresses, `host:port` or URLs; further hubs are learnt from those
 * @returns at once: what is asked for before there is a connection waits for it
 * @throws {TypeError} for what is no address
 *
 * @example A service, and who looks for it
 * ```ts
 * import { connectRegistry, startRegistry } from "@sluice/sluice";
 *
 * await using hub = await startRegistry({ port: 0 });
 * await using shop = connectRegistry(hub.url!);
 * const { port } = await shop.register("web@1.2.3");
 *
 * await using visitor = connectRegistry(hub.url!);
 * const [web] = await visitor.get("web@1.x");
 * console.log(web.port === port); // true
 * ```
 */
export function connectRegistry(hubs: string | readonly string[], options: RegistryClientOptions = {}): RegistryClient {
  const { signal } = options;
  signal?.throwIfAborted();
  const client = new RegistryClient(typeof hubs === "string" ? [hubs] : hubs, options);
  signal?.addEventListener("abort", () => void client.close(), { once: true });
  return client;
}
