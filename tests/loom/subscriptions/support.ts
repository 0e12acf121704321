/** A store in memory with subscriptions over it, and receivers of webhooks on real sockets. */

import type { Handler } from "../../../src/http/handler.ts";
import { serveHttp } from "../../../src/http/node_server.ts";
import type { Log } from "../../../src/log.ts";
import { openMemoryLoom } from "../../../src/loom/open_loom.ts";
import type { StreamStore } from "../../../src/loom/stream_store.ts";
import type { SubscriptionKeeper } from "../../../src/loom/subscriptions/keeper.ts";
import { MemoryKeeper } from "../../../src/loom/subscriptions/memory_keeper.ts";
import {
  type SubscriptionHandler,
  subscriptionHandler,
  type SubscriptionOptions,
} from "../../../src/loom/subscriptions/subscription_handler.ts";
import { within } from "../../support/within.ts";

export const BASE = "http://loom.test";
const encoder = new TextEncoder();

/** A request to a webhook. */
export interface Hook {
  readonly text: string;
  // deno-lint-ignore no-explicit-any -- what a receiver sees is what is tested
  readonly body: any;
  readonly headers: Headers;
}

/** A store with subscriptions. */
export class Bench implements AsyncDisposable {
  readonly store: StreamStore;
  readonly keeper: SubscriptionKeeper;
  readonly logged: string[] = [];
  readonly #options: Partial<SubscriptionOptions>;
  handler!: SubscriptionHandler;

  private constructor(store: StreamStore, options: Partial<SubscriptionOptions>) {
    this.store = store;
    this.keeper = options.keeper ?? new MemoryKeeper();
    this.#options = options;
  }

  static async open(options: Partial<SubscriptionOptions> = {}): Promise<Bench> {
    const bench = new Bench(await openMemoryLoom(), options);
    await bench.#start();
    return bench;
  }

  /** Everything but the streams and what was kept begins anew. */
  async restart(whileDown?: () => Promise<unknown>): Promise<void> {
    await this.handler[Symbol.asyncDispose]();
    await whileDown?.();
    await this.#start();
  }

  async #start(): Promise<void> {
    const log: Log = (_, message, fields) => this.logged.push(`${message} ${JSON.stringify(fields)}`);
    const { store, keeper } = this;
    this.handler = await subscriptionHandler({ baseUrl: BASE, log, ...this.#options, store, keeper });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.handler[Symbol.asyncDispose]();
    await this.store.close();
  }

  /** Calls the API; gives the status and what was answered. */
  // deno-lint-ignore no-explicit-any -- the answers' members are what is tested
  async call(method: string, path: string, body?: unknown, token?: string): Promise<{ status: number; body: any }> {
    const response = await this.handler(
      new Request(`${BASE}/v1/stream/__ds/${path}`, {
        method,
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        body: body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body),
      }),
    );
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
  }

  /** Makes a stream of text. */
  create(id: string, text = "") {
    return this.store.create(id, { contentType: "text/plain", bytes: encoder.encode(text) });
  }

  append(id: string, text: string) {
    return this.store.append(id, encoder.encode(text));
  }

  /** The offset that is acknowledged of a stream. */
  async acked(id: string, path: string): Promise<string | undefined> {
    const { body } = await this.call("GET", `subscriptions/${id}`);
    return body.streams.find((stream: { path: string }) => stream.path === path)?.acked_offset;
  }

  /** The wake events in a stream. */
  async wakes(id: string): Promise<{ generation: number; stream: string }[]> {
    const { bytes } = await this.store.read(id, 0, 1e6);
    return new TextDecoder().decode(bytes).split("\n").filter((line) => line).map((line) => JSON.parse(line));
  }
}

/** Receives webhooks. */
export class Receiver implements AsyncDisposable {
  readonly hooks: Hook[] = [];
  #next = Promise.withResolvers<void>();
  #taken = 0;
  #server!: Awaited<ReturnType<typeof serveHttp>>;

  /** @param answer what is answered to each; default: nothing but 200 */
  static async open(answer: (hook: Hook, count: number) => Response | Promise<Response> = () => new Response()) {
    const receiver = new Receiver();
    const handler: Handler = async (request) => {
      const text = await request.text();
      const hook = { text, body: JSON.parse(text), headers: request.headers };
      receiver.hooks.push(hook);
      receiver.#next.resolve();
      receiver.#next = Promise.withResolvers();
      return await answer(hook, receiver.hooks.length);
    };
    receiver.#server = await serveHttp(handler, { hostname: "127.0.0.1", port: 0 });
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}/hook`;
  }

  /** The next webhook that nobody has taken yet. */
  async take(): Promise<Hook> {
    while (this.hooks.length <= this.#taken) await within("a webhook", this.#next.promise);
    return this.hooks[this.#taken++];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close(0);
  }
}
