/** A server of node:http or node:https that leaves to us what it would do badly, and how it is made to listen. */

import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { limits } from "../limits.ts";
import type { Front, ServeOptions } from "./serve_options.ts";
import { checkTlsPair } from "./tls.ts";
import { handshakeOptions } from "./tls_hosts.ts";
import { placeSocket } from "./unix_socket.ts";
import { asksForWebSocket } from "./upgrade.ts";

/**
 * Makes one.
 *
 * @param checkMs how often connections are looked at
 * @throws {TypeError} when the certificate and its key can't be used
 */
export function makeServer(front: Front, options: ServeOptions, checkMs: number): Server {
  const settings = {
    maxHeaderSize: front.requestHeadBytes,
    headersTimeout: front.requestHeadMs,
    requestTimeout: 0, // a body may take as long as it moves: who reads it watches it
    keepAliveTimeout: 0, // a timer before and after each request; idle connections are closed by us
    connectionsCheckingInterval: checkMs,
    noDelay: true,
    requireHostHeader: false, // it would look at the next request although its answer is the last
    joinDuplicateHeaders: true, // as `Headers` does: whoever decides by a field sees all that is passed on
    shouldUpgradeCallback: options.upgrade ? asksForWebSocket : () => false,
  };
  const server = options.tls ? makeTlsServer(settings, front, options.tls) : createServer(settings);
  server.maxHeadersCount = limits.requestFields + 1; // what is beyond is left out in silence: then one is seen too many
  return server;
}

function makeTlsServer(settings: object, front: Front, tls: NonNullable<ServeOptions["tls"]>): Server {
  const handshake = { ...settings, handshakeTimeout: front.requestHeadMs };
  if ("pairFor" in tls) return createTlsServer({ ...handshake, ...handshakeOptions(tls) });
  checkTlsPair(tls);
  return createTlsServer({ ...handshake, cert: tls.cert, key: tls.key });
}

/** Where a server listens, and what is to be done when it has closed. */
export interface Place {
  readonly hostname: string;
  readonly port: number;
  readonly path: string | undefined;
  leave(): void;
}

/**
 * Makes it listen.
 *
 * @throws {Deno.errors.AddrInUse} when somebody else does there
 */
export async function listen(server: Server, options: ServeOptions): Promise<Place> {
  const { hostname = "127.0.0.1", port = 0, path, reusePort = false } = options;
  if (path !== undefined) {
    const listening = Promise.withResolvers<void>();
    server.once("error", listening.reject);
    const placed = await placeSocket(path, (bound) => server.listen({ path: bound }, listening.resolve));
    await listening.promise;
    return { hostname: "", port: 0, path, leave: placed.remove };
  }
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: Error & { code?: string }) => {
      reject(error.code === "EADDRINUSE" ? new Deno.errors.AddrInUse(`Port ${port} is taken`) : error);
    });
    server.listen({ host: hostname, port, reusePort }, resolve);
  });
  return { hostname, port: (server.address() as AddressInfo).port, path: undefined, leave: () => {} };
}
