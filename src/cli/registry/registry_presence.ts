/** One service at a registry, there exactly while it runs: what the hub has is brought in step with what is. */

import { backoffMs } from "../../net/backoff.ts";
import { limits } from "../../limits.ts";
import type { Registration } from "../../registry/client/registration.ts";
import type { RegistryClient } from "../../registry/client/registry_client.ts";
import type { RegisterOptions } from "../../registry/registration.ts";
import type { RegistryError } from "../../registry/registry_error.ts";
import type { Narrator } from "./registry_connection.ts";
import { describeService } from "./registry_events.ts";

const BACKOFF = { firstMs: limits.restartMs, mostMs: limits.restartMsMax };

/** The service. */
export class Presence implements AsyncDisposable {
  readonly #client: RegistryClient;
  readonly #narrator: Narrator;
  readonly #name: string;
  #options: RegisterOptions;
  readonly #refused = Promise.withResolvers<never>();
  #runs = false;
  #registration: Registration | undefined;
  #isWorking = false;
  #wasAccepted = false;
  #losses = 0;
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(client: RegistryClient, narrator: Narrator, name: string, options: RegisterOptions) {
    this.#client = client;
    this.#narrator = narrator;
    this.#name = name;
    this.#options = options;
    this.#refused.promise.catch(() => {}); // told to whoever waits, if somebody does
    client.addEventListener("connect", () => this.#bringInStep());
    client.addEventListener("reject", ({ detail }) => this.#onReject(detail));
    client.addEventListener("lost", () => this.#onLost());
  }

  /** Rejects when a hub refuses the service before one has ever had it. Later, it is tried again. */
  get refused(): Promise<never> {
    return this.#refused.promise;
  }

  /** The service runs, or does not. */
  set runs(runs: boolean) {
    this.#runs = runs;
    this.#bringInStep();
  }

  /** Frees it, as far as a hub is there to be told. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#runs = false;
    clearTimeout(this.#retry);
    if (this.#client.isConnected) await this.#free();
  }

  /** Only while there is a connection: what waits for one would show a service that has ended meanwhile. */
  async #bringInStep(): Promise<void> {
    if (this.#isWorking) return;
    this.#isWorking = true;
    clearTimeout(this.#retry);
    try {
      while (this.#client.isConnected && this.#runs !== (this.#registration !== undefined)) {
        await (this.#runs ? this.#register() : this.#free());
      }
    } catch (error) {
      this.#onFailure(error as RegistryError);
    } finally {
      this.#isWorking = false;
    }
  }

  async #register(): Promise<void> {
    const losses = this.#losses;
    const registration = await this.#client.register(this.#name, this.#options);
    this.#options = { ...this.#options, id: registration.id }; // the same one after every start
    this.#wasAccepted = true;
    if (this.#losses !== losses) return; // it may be lost in the moment that we have it
    this.#registration = registration;
    this.#failures = 0;
    this.#narrator.say(`registered ${describeService(registration.service)}`);
  }

  async #free(): Promise<void> {
    const registration = this.#registration;
    this.#registration = undefined;
    await registration?.free().catch(() => {/* what is not ours any more need not be freed */});
  }

  #onReject(error: RegistryError): void {
    if (this.#wasAccepted) this.#narrator.trouble(`${error.message}; trying again`);
    else this.#refused.reject(error);
  }

  #onFailure(error: RegistryError): void {
    if (error.code === "closed") return; // by us
    this.#onReject(error);
    this.#tryLater();
  }

  #onLost(): void {
    this.#wasAccepted = true;
    this.#losses++;
    this.#registration = undefined;
    this.#tryLater();
  }

  #tryLater(): void {
    clearTimeout(this.#retry);
    if (this.#wasAccepted) this.#retry = setTimeout(() => this.#bringInStep(), backoffMs(this.#failures++, BACKOFF));
  }
}
