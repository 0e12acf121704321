/** A command's connection to a registry: how it is made, and what is said of it. */

import { printable } from "../../bytes/printable.ts";
import type { RegistryClient } from "../../registry/client/registry_client.ts";
import { connectRegistry } from "../../registry/connect_registry.ts";
import { RegistryError, type RegistryErrorCode } from "../../registry/registry_error.ts";
import { parsePattern } from "../../registry/table/pattern.ts";
import { readKeyPair } from "../keys/key_pair.ts";
import { tellStderr } from "../output.ts";
import type { HubFlags, PatientFlags } from "./registry_flags.ts";
import { asUsage } from "../usage.ts";
import { secret } from "../values.ts";

const ADVICE: Partial<Record<RegistryErrorCode, string>> = {
  unauthorized: "give the hub's token with SLUICE_TOKEN or --token, or a key that it knows with --key",
  clock: "set the clock of this machine",
};

/**
 * Connects, without waiting for it.
 *
 * @param hubs addresses with commas between them
 * @throws {UsageError} for what is no address or no token
 */
export function connect(hubs: string, flags: HubFlags & { readonly follow?: boolean }): RegistryClient {
  const { token, follow } = flags;
  if (token !== undefined) asUsage(() => secret(token));
  const key = flags.key === undefined ? undefined : readKeyPair(flags.key);
  const ca = flags.ca === undefined ? undefined : Deno.readTextFileSync(flags.ca);
  return asUsage(() => connectRegistry(hubs.split(","), { token, key, ca, follow }));
}

/**
 * Connects, and waits until all services are here.
 *
 * @throws {Error} that says why they are not, and what to do
 */
export async function connectAndSync(hubs: string, flags: PatientFlags): Promise<RegistryClient> {
  const client = connect(hubs, flags);
  let why = `Cannot reach the hub at ${hubs}: it says nothing`;
  client.addEventListener("unreachable", ({ detail }) => why = detail.message);
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(printable(`${why}; is \`sluice registry listen\` running there?`))),
    flags.giveUp,
  );
  try {
    await Promise.race([client.synced(), late.promise]);
    return client;
  } catch (error) {
    await client.close();
    throw refusal(error);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Checks what is looked for.
 *
 * @throws {UsageError}
 */
export function checkPattern(pattern: string | undefined): void {
  asUsage(() => parsePattern(pattern));
}

/** What a hub refuses, with what to do about it. */
export function refusal(error: unknown): unknown {
  if (!(error instanceof RegistryError)) return error;
  const advice = ADVICE[error.code];
  return new Error(printable(advice ? `${error.message}; ${advice}` : error.message), { cause: error });
}

/**
 * Tells of a connection that is to last: of each trouble once, and when it is over. Whoever reads it may leave. Disposed,
 * it tells no more of the connection.
 */
export class Narrator implements Disposable {
  readonly #name: string;
  readonly #told = new Set<string>();
  #isDone = false;

  /** @param name of the command */
  constructor(client: RegistryClient, name: string) {
    this.#name = name;
    client.addEventListener("unreachable", ({ detail }) => this.trouble(`${detail.message}; trying again`));
    client.addEventListener("disconnect", () => this.trouble("The connection to the hub is lost; trying again"));
    client.addEventListener("connect", ({ detail: url }) => {
      if (this.#told.size > 0) this.say(`connected to ${url}`);
      this.#told.clear();
    });
  }

  /** Says something that has just gone wrong, unless it was said since the last connection. */
  trouble(text: string): void {
    if (this.#isDone || this.#told.has(text)) return;
    this.#told.add(text);
    this.say(text);
  }

  /** Says something. */
  say(text: string): void {
    tellStderr(`sluice registry ${this.#name}: ${printable(text)}\n`);
  }

  [Symbol.dispose](): void {
    this.#isDone = true;
  }
}
