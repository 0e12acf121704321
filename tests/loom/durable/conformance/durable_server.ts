/** A Durable Streams server on a port of its own, over a store in memory whose every call can be watched. */

import { serveHttp } from "../../../../src/http/node_server.ts";
import { durableHandler, type DurableOptions } from "../../../../src/loom/durable/durable_handler.ts";
import { openMemoryLoom } from "../../../../src/loom/open_loom.ts";
import type { StreamStore } from "../../../../src/loom/stream_store.ts";

/** A server; disposing it stops it. */
export interface DurableServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly store: StreamStore;
  /** Calls of each of the store's methods so far. */
  readonly calls: Readonly<Record<string, number>>;
  /** Calls of `wait` that have not come back. */
  readonly waiting: () => number;
  /** Sends a request to a stream. */
  ask(method: string, path: string, options?: Omit<RequestInit, "method">): Promise<Response>;
  /** Makes a stream and appends to it. */
  make(path: string, contentType: string, ...appends: readonly (string | Uint8Array<ArrayBuffer>)[]): Promise<void>;
}

/** Options of the handler, and of the store. */
export type ServerOptions = DurableOptions & { store?: Parameters<typeof openMemoryLoom>[0] };

/** Starts a server. */
export async function startServer({ store: storeOptions, ...options }: ServerOptions = {}): Promise<DurableServer> {
  const store = await openMemoryLoom(storeOptions);
  const calls: Record<string, number> = {};
  let waiting = 0;
  const watched = new Proxy<StreamStore>(store, {
    get(target, name: keyof StreamStore & string) {
      const method = target[name] as unknown as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        calls[name] = (calls[name] ?? 0) + 1;
        const result = method.apply(target, args);
        if (name === "wait") {
          waiting++;
          (result as Promise<boolean>).finally(() => waiting--);
        }
        return result;
      };
    },
  });
  const server = await serveHttp(durableHandler(watched, options), { hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${server.port}/v1/stream/`;
  const ask: DurableServer["ask"] = (method, path, options) => fetch(url + path, { ...options, method });
  return {
    url,
    port: server.port,
    store,
    calls,
    waiting: () => waiting,
    ask,
    async make(path, contentType, ...appends) {
      await store.create(decodeURIComponent(path), { contentType });
      for (const bytes of appends) {
        await store.append(
          decodeURIComponent(path),
          typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes,
        );
      }
    },
    async [Symbol.asyncDispose]() {
      await server.close(0);
      await store.close();
    },
  };
}

/** An offset as the server writes it. */
export function offset(position: number): string {
  return `0000000000000000_${String(position).padStart(16, "0")}`;
}

/** Status and text of an answer. */
export async function told(answer: Promise<Response>): Promise<[status: number, text: string]> {
  const response = await answer;
  return [response.status, await response.text()];
}

/** Status of an answer; its body is thrown away. */
export async function status(answer: Promise<Response>): Promise<number> {
  const response = await answer;
  await response.body?.cancel();
  return response.status;
}
