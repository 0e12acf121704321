/** What all routes of a gateway share. */

import type { Log } from "../log.ts";
import type { ProcessRecords } from "../process/process_records.ts";
import { connectRegistry } from "../registry/connect_registry.ts";
import type { RegistryClient } from "../registry/client/registry_client.ts";
import type { ServiceFinder } from "../registry/service.ts";
import type { Metrics } from "./admin/metrics.ts";
import type { RegistryConfig, ReplyConfig } from "./config/model.ts";
import { ReplyDesk } from "./reply/reply_desk.ts";
import { type Lease, Shared } from "./shared.ts";
import { LoomStores } from "./targets/loom_stores.ts";
import type { MeshCaller } from "./targets/mesh_target.ts";

/** What is opened for the first route that needs it, and closed with the last. */
export class SharedParts {
  readonly looms: LoomStores;
  readonly #desks = new Shared<ReplyDesk>();
  readonly #registries = new Shared<RegistryClient>();
  readonly #services: ServiceFinder | undefined;

  /** @param services where they are found when no hubs are named */
  constructor(options: ConstructorParameters<typeof LoomStores>[0], services?: ServiceFinder) {
    this.looms = new LoomStores(options);
    this.#services = services;
  }

  /** Where programs reply. A socket is as its first user wants it, as long as it is open: two can't have one path. */
  desk(config: ReplyConfig): Promise<Lease<ReplyDesk>> {
    return this.#desks.use(config.socket.path, () => ReplyDesk.open(config));
  }

  /** Where services are found: the hubs that are named, or what the gateway was given. */
  registry(config: RegistryConfig | undefined): Promise<Lease<ServiceFinder>> {
    if (config) return this.#registries.use(JSON.stringify(config.hubs), () => connectRegistry(config.hubs));
    return Promise.resolve({ value: this.#services!, [Symbol.asyncDispose]: () => Promise.resolve() });
  }
}

/** What routes are made with: it holds from one reading of the file to the next. */
export interface GatewayContext {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly records: ProcessRecords;
  readonly mesh: MeshCaller | undefined;
  readonly shared: SharedParts;
  /** Show inner messages to clients. */
  readonly dev: boolean;
  readonly registry: RegistryConfig | undefined;
  readonly reply: ReplyConfig | undefined;
}

/** What a route's target is told of the route. */
export interface RouteFacts {
  readonly label: string;
  /** Its path. */
  readonly path: string;
  readonly trustForwarded: boolean;
}
