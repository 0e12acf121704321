/** Starts a hub of the registry. */

import { limits } from "../limits.ts";
import { silent } from "../log.ts";
import { urlHost } from "../net/url_host.ts";
import { Hub } from "./hub/hub.ts";
import { HubCore } from "./hub/hub_core.ts";
import type { RegistryOptions } from "./hub/hub_options.ts";

/**
 * Starts a hub of a registry: clients register services there by name and version, and find those of others.
 *
 * @returns when it listens, if it is told a port
 * @throws {Deno.errors.AddrInUse} when the port is taken
 * @throws {Deno.errors.Busy} when another process has the folder
 * @throws {RangeError} for times that can't be
 * @throws {TypeError} for a seaport port together with a token, and for an advertised host that is none
 *
 * @example A hub, and what it knows
 * ```ts
 * import { startRegistry } from "@sluice/sluice";
 *
 * await using hub = await startRegistry({ port: 0 });
 * await hub.register("web@1.2.3", { host: "127.0.0.1", port: 8080 });
 * console.log(hub.query("web@^1").map(({ port }) => port)); // [8080]
 * ```
 */
export async function startRegistry(options: RegistryOptions = {}): Promise<Hub> {
  const { heartbeatMs = 15_000, timeoutMs = 3 * heartbeatMs, dir, clock = Date.now, log = silent, signal, advertise } =
    options;
  const least = limits.registryHeartbeatMsMin;
  const areWhole = Number.isSafeInteger(heartbeatMs) && Number.isSafeInteger(timeoutMs);
  if (!areWhole || heartbeatMs < least || timeoutMs <= heartbeatMs || timeoutMs > limits.registryTimeoutMsMax) {
    throw new RangeError(
      `Cannot use a heartbeat of ${heartbeatMs} ms with a timeout of ${timeoutMs} ms: they are whole numbers, the ` +
        `heartbeat is ${least} ms at least, and the timeout is longer, and ${limits.registryTimeoutMsMax} ms at most`,
    );
  }
  if (options.seaportPort !== undefined && options.queryToken !== undefined) {
    throw new TypeError("Cannot open a port for seaport clients: they can't show the token that the hub asks for");
  }
  if (
    advertise !== undefined &&
    !(/^[^\s/?#@%]+$/.test(advertise) && URL.parse(`ws://${urlHost(advertise)}`)?.port === "")
  ) {
    throw new TypeError(`Cannot advertise ${JSON.stringify(advertise)}: it is a host or an address, without a port`);
  }
  signal?.throwIfAborted();
  const core = await HubCore.open({ dir, heartbeatMs, timeoutMs, clock, log });
  const hub = new Hub(core, { ...options, heartbeatMs, timeoutMs });
  try {
    if (options.port !== undefined) await hub.listen(options.port);
    signal?.throwIfAborted(); // an abort while it was starting has told nobody
  } catch (error) {
    await hub.close();
    throw error;
  }
  signal?.addEventListener("abort", () => void hub.close(), { once: true });
  return hub;
}
