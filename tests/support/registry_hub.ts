/** Hubs and their clients for tests, and a client that says whatever a test wants it to. */

// @ts-types="../../src/net/ws.d.ts"
import { WebSocket } from "ws";
import { connectRegistry } from "../../src/registry/connect_registry.ts";
import type { RegistryClientEvents, RegistryClientOptions } from "../../src/registry/client/client_options.ts";
import type { RegistryClient } from "../../src/registry/client/registry_client.ts";
import type { RegistryOptions } from "../../src/registry/hub/hub_options.ts";
import type { Hub } from "../../src/registry/hub/hub.ts";
import type { HubEvents } from "../../src/registry/hub/hub_events.ts";
import { startRegistry } from "../../src/registry/start_registry.ts";
import type { Service } from "../../src/registry/service.ts";
import { newKeyPair } from "../../src/net/keys.ts";
import { helloText, signText } from "../../src/registry/wire/seal.ts";
import type { Greeting } from "../../src/registry/wire/messages.ts";
import { within } from "./within.ts";

/** Starts a hub on a free port. */
export function startHub(options: RegistryOptions = {}): Promise<Hub> {
  return startRegistry({ port: 0, ...options });
}

/** Connects a client, and waits until it has all services. */
export async function connect(hub: Hub | string, options: RegistryClientOptions = {}): Promise<RegistryClient> {
  const client = connectRegistry(typeof hub === "string" ? hub : hub.url!, options);
  try {
    await within("the client has all services", client.synced());
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}

/** The events of a hub, or of a client. */
type EventsOf<Target> = Target extends Hub ? HubEvents : RegistryClientEvents;

/** The next event of a kind that fits. */
export function next<Target extends Hub | RegistryClient, Name extends keyof EventsOf<Target> & string>(
  target: Target,
  name: Name,
  fits: (detail: EventsOf<Target>[Name]) => boolean = () => true,
): Promise<EventsOf<Target>[Name]> {
  const { promise, resolve } = Promise.withResolvers<EventsOf<Target>[Name]>();
  (target as EventTarget).addEventListener(name, (event) => {
    const { detail } = event as CustomEvent<EventsOf<Target>[Name]>;
    if (fits(detail)) resolve(detail);
  });
  return within(`a ${name} event`, promise);
}

/** Waits until what is found for a pattern is as a test wants it. */
export async function seen(
  finder: Pick<RegistryClient, "watch">,
  pattern: string,
  fits: (services: readonly Service[]) => boolean,
): Promise<readonly Service[]> {
  const services = new Map<string, Service>();
  const looking = async () => {
    for await (const event of finder.watch(pattern)) {
      if (event.type === "snapshot") {
        services.clear();
        for (const service of event.services) services.set(service.id, service);
      } else if (event.type === "free") services.delete(event.service.id);
      else services.set(event.service.id, event.service);
      if (fits([...services.values()])) break;
    }
    return [...services.values()];
  };
  return await within(() => `${pattern} as it should be; it is ${JSON.stringify([...services.values()])}`, looking());
}

/** A message as it came. */
export type Heard = Record<string, unknown> & { readonly type: string };

/** A client that speaks the protocol as it likes. */
export class RawClient implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #heard: Heard[] = [];
  readonly #closed = Promise.withResolvers<number>();
  #wake = () => {};

  constructor(url: string, headers: Record<string, string> = {}) {
    this.#socket = new WebSocket(`${url}/registry`, { headers });
    this.#socket.on("message", (data) => {
      const value = JSON.parse(String(data));
      this.#heard.push(...Array.isArray(value) ? value : [value]);
      this.#wake();
    });
    this.#socket.on("error", () => {});
    this.#socket.on("close", (code) => {
      this.#closed.resolve(code);
      this.#wake();
    });
  }

  /** The code with which the connection ended. */
  get closed(): Promise<number> {
    return within("the hub ends the connection", this.#closed.promise);
  }

  /** Sends whatever it is. */
  send(message: unknown): void {
    this.#socket.send(typeof message === "string" || message instanceof Uint8Array ? message : JSON.stringify(message));
  }

  /** The next message of a type; others before it are passed over. */
  async next(type: string): Promise<Heard> {
    const looking = async () => {
      for (;;) {
        const found = this.#heard.findIndex((message) => message.type === type);
        if (found !== -1) return this.#heard.splice(0, found + 1).at(-1)!;
        if (this.#socket.readyState === this.#socket.CLOSED) throw new Error(`Closed before a ${type}`);
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
    };
    return await within(`a message of type ${type}`, looking());
  }

  /** Says hello with a key, a new one unless one is given, and waits for the welcome. */
  async hello(key = newKeyPair(), fields: Record<string, unknown> = {}): Promise<Greeting> {
    const greeting = await this.next("hub") as unknown as Greeting;
    const incarnation = greeting.time;
    const text = helloText(greeting.hub, greeting.challenge, { kind: "client", incarnation });
    const signature = signText(key, text);
    this.send({ type: "hello", version: 1, kind: "client", key: key.spki, signature, incarnation, ...fields });
    await this.next("welcome");
    return greeting;
  }

  /** Ends the connection without a word. */
  cut(): void {
    this.#socket.terminate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate();
    await this.#closed.promise;
  }
}
