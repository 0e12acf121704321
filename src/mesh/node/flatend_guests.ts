/** Clients of flatend 0.0.8 as guests of a node: what they offer is offered by it, and what they ask for it calls. */

import type { Handler, RequestInfo } from "../../http/handler.ts";
import type { Log } from "../../log.ts";
import { CallError } from "../calls/call_error.ts";
import type { Clock } from "../clock.ts";
import { type FlatendBridge, type FlatendPeer, listenFlatend } from "../flatend/bridge.ts";
import { FlatendError } from "../flatend/flatend_error.ts";
import type { Identity } from "../identity.ts";
import { parseAddress } from "../transport/address.ts";

/** What guests need of their node. */
export interface FlatendHost {
  readonly identity: Identity;
  readonly clock: Clock;
  readonly log: Log;
  /** Names of the services that the node knows: clients ask for no others. */
  offered(): readonly string[];
  /** Offers what a guest does. @throws {TypeError} when it is no name of a service */
  add(key: string, service: string, handler: Handler): void;
  /** It does not any more. */
  remove(key: string, service: string): void;
  /** Calls the first of some services. */
  call(services: readonly string[], request: Request, info: RequestInfo): Promise<Response>;
}

/**
 * Lets guests in.
 *
 * @param address where they connect, `HOST:PORT`
 */
export async function welcomeFlatend(address: string, host: FlatendHost): Promise<FlatendBridge> {
  const { identity, clock, log } = host;
  const { host: hostname, port } = parseAddress(address, "listen");
  const guests = new Map<string, ReadonlySet<string>>();
  const handler = (peer: FlatendPeer, service: string): Handler => async (request, info) => {
    try {
      return await bridge.push(peer.key, [service], request, info);
    } catch (error) {
      if (!(error instanceof FlatendError) || !error.nothingDone) throw error;
      throw new CallError(503, error.message, { nothingDone: true, outcome: "refused", cause: error });
    }
  };
  const onOffers = (peer: FlatendPeer, services: readonly string[]) => {
    const before = guests.get(peer.key) ?? new Set();
    const now = new Set(services);
    for (const service of before) if (!now.has(service)) host.remove(peer.key, service);
    for (const service of now) {
      if (before.has(service)) continue;
      try {
        host.add(peer.key, service, handler(peer, service));
      } catch (error) {
        now.delete(service);
        log("warn", "A flatend client offers what can't be a service", { service, why: (error as Error).message });
      }
    }
    if (now.size > 0) guests.set(peer.key, now);
    else guests.delete(peer.key);
  };
  const bridge = await listenFlatend({
    ...{ host: hostname || "127.0.0.1", port, identity, clock, log, onOffers },
    offered: () => host.offered(),
    call: (services, request, info) => host.call(services, request, info),
  });
  return bridge;
}
