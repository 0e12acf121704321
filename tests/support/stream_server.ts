/** A server of streams in the test's own process, which can fail on purpose, and a proxy that cuts connections. */

import type { Handler } from "../../src/http/handler.ts";
import { type HttpServer, serveHttp } from "../../src/http/node_server.ts";
import { durableHandler } from "../../src/loom/durable/durable_handler.ts";
import { openMemoryLoom } from "../../src/loom/open_loom.ts";
import type { StreamStore } from "../../src/loom/stream_store.ts";

const decoder = new TextDecoder();

/** A running server. */
export interface StreamServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly store: StreamStore;
  /** What it was asked, as `GET ?offset=-1`. */
  readonly requests: readonly string[];
  /** All that a stream holds, as text. */
  text(id: string): Promise<string>;
  /** Cuts all connections and stops listening; the store stays. */
  crash(): Promise<void>;
  /** Listens again on the same port. */
  restart(): Promise<void>;
}

/**
 * Serves streams that are kept in memory.
 *
 * @param wrap stands before the handler
 */
export async function serveStreams(wrap: (handler: Handler) => Handler = (handler) => handler): Promise<StreamServer> {
  const store = await openMemoryLoom();
  const requests: string[] = [];
  const handler = wrap(durableHandler(store));
  const listen = (port: number) =>
    serveHttp((request, info) => {
      requests.push(`${request.method} ${new URL(request.url).search}`);
      return handler(request, info);
    }, { hostname: "127.0.0.1", port });
  let server: HttpServer | undefined = await listen(0);
  const { port } = server;
  const crash = async () => {
    await server?.close(0);
    server = undefined;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    store,
    requests,
    text: async (id) => decoder.decode((await store.read(id, 0, 1e9)).bytes),
    crash,
    restart: async () => {
      server = await listen(port);
    },
    [Symbol.asyncDispose]: async () => {
      await crash();
      await store.close();
    },
  };
}

/** A proxy; disposing it cuts what is left. */
export interface Proxy extends AsyncDisposable {
  readonly url: string;
  /** How many connections it has cut. */
  readonly cuts: number;
}

/**
 * Passes connections on, and cuts each after some bytes, counted in both directions together.
 *
 * @param budget how many bytes the next connection may carry; `Infinity` for a whole one
 */
export function cuttingProxy(target: { readonly port: number }, budget: () => number): Proxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  const tasks: Promise<void>[] = [];
  let cuts = 0;
  const cut = (connections: readonly Deno.Conn[]) => {
    for (const connection of connections) {
      if (open.delete(connection)) connection.close();
    }
  };
  const pass = async (client: Deno.Conn) => {
    open.add(client);
    const server = await Deno.connect({ hostname: "127.0.0.1", port: target.port });
    open.add(server);
    let left = budget();
    const copy = async (from: Deno.Conn, to: Deno.Conn) => {
      const buffer = new Uint8Array(16 * 1024);
      try {
        for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
          const part = buffer.subarray(0, Math.min(count, left));
          for (let at = 0; at < part.byteLength;) at += await to.write(part.subarray(at));
          left -= count;
          if (left > 0) continue;
          cuts++;
          break;
        }
      } catch {
        // One side has gone: so does the other.
      }
      cut([client, server]);
    };
    await Promise.all([copy(client, server), copy(server, client)]);
  };
  const accept = (async () => {
    for await (const client of listener) tasks.push(pass(client).catch(() => cut([client])));
  })();
  return {
    url: `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`,
    get cuts() {
      return cuts;
    },
    [Symbol.asyncDispose]: async () => {
      listener.close();
      cut([...open]);
      await accept;
      await Promise.all(tasks);
    },
  };
}

/** Numbers from 0 to 1 that look random and are the same in every run (xorshift32). */
export function randomNumbers(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1);
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
