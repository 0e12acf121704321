/** A service that this process has registered. */

import type { JsonValue, Service } from "../service.ts";

/** What it can do: its client does it. */
export interface RegistrationActions {
  /** Gives a service other metadata. */
  set(id: string, metadata: Readonly<Record<string, JsonValue>>): Promise<Service>;
  /** Frees a service. */
  free(id: string): Promise<void>;
}

/** A registration. It lasts as long as its client, or until it is freed. */
export class Registration implements AsyncDisposable {
  readonly #actions: RegistrationActions;
  #service: Service;

  /**
   * Clients make them.
   *
   * @internal
   */
  constructor(service: Service, actions: RegistrationActions) {
    this.#service = service;
    this.#actions = actions;
  }

  /** The service, as the hub has it. */
  get service(): Service {
    return this.#service;
  }

  /** Its id, the same after every reconnect. */
  get id(): string {
    return this.#service.id;
  }

  /** The port to listen on. */
  get port(): number {
    return this.#service.port;
  }

  /** The host under which others find it. */
  get host(): string {
    return this.#service.host;
  }

  /**
   * Gives the service other metadata in place of those it had; `host` and `port` in them are moved too.
   *
   * @throws {RegistryError}
   */
  async set(metadata: Readonly<Record<string, JsonValue>>): Promise<Service> {
    return this.#service = await this.#actions.set(this.id, metadata);
  }

  /**
   * Frees it.
   *
   * @throws {RegistryError}
   */
  free(): Promise<void> {
    return this.#actions.free(this.id);
  }

  /** Frees it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.free();
  }
}
