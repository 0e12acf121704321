/** A gateway at work: sockets, routes, certificates, and what the operator asks; and its renewal by another file. */

import type { Handler } from "../http/handler.ts";
import { type HttpServer, serveHttp } from "../http/node_server.ts";
import { guardOrigins } from "../http/origins.ts";
import type { ServeOptions } from "../http/serve_options.ts";
import { type Log, silent } from "../log.ts";
import { isLoopback } from "../net/loopback.ts";
import { ProcessRecords } from "../process/process_records.ts";
import type { ServiceFinder } from "../registry/service.ts";
import { accessLog } from "./admin/access_log.ts";
import { adminHandler } from "./admin/admin_handler.ts";
import { Metrics } from "./admin/metrics.ts";
import { CertificateSet } from "./certificate_set.ts";
import type { AdminConfig, GatewayConfig, ReplyConfig, ServerConfig } from "./config/model.ts";
import { type GatewayContext, SharedParts } from "./context.ts";
import { openDocuments, type OpenedDocument } from "./document_routes.ts";
import { cannotListen, Fronts, keyOf, type WantedFront } from "./fronts.ts";
import { MeshPlace } from "./mesh_place.ts";
import { planRoutes } from "./plan_routes.ts";
import { redirectFront } from "./redirect_front.ts";
import { type PlannedServer, RouteSet } from "./route_set.ts";
import type { MeshCaller } from "./targets/mesh_target.ts";

/** Options of {@linkcode serveGateway}. */
export interface GatewayOptions {
  /** Takes events, and lines of the access log in the form `human`. */
  readonly log?: Log;
  /** Takes lines of the access log in the forms `json` and `combined`, newline included. */
  readonly writeAccess?: (line: string) => void;
  /** Calls services of a mesh, in place of the node that the gateway becomes where its config says so. */
  readonly mesh?: MeshCaller;
  /** Finds services by role, where its config names no hubs. */
  readonly services?: ServiceFinder;
  /** Connections at a time to each address. */
  readonly connections?: number;
}

/** A gateway that takes requests. */
export interface Gateway extends AsyncDisposable {
  /** Where it does. */
  readonly urls: readonly string[];
  /** URL, or path of the socket, at which the operator asks; undefined for nowhere. */
  readonly admin: string | undefined;
  /** Files that its OpenAPI documents are made of, absolute. */
  readonly documentFiles: readonly string[];
  /**
   * Puts another config into force. Routes that are in both go on as they are; requests under way on others are brought to
   * their end. No socket that is in both is closed.
   *
   * @param config the config, or what reads it: whatever that throws is counted among the files that were refused
   * @throws what is wrong with it; then nothing has changed
   */
  reload(config: GatewayConfig | (() => GatewayConfig)): Promise<void>;
  /**
   * Stops accepting, and waits for the requests under way.
   *
   * @param hurry cuts them when it aborts
   */
  close(hurry?: AbortSignal): Promise<void>;
}

/**
 * Serves what a config says.
 *
 * @throws {Error} naming what is wrong: an address that is taken, a program that can't be run, a certificate that is none
 */
export async function serveGateway(config: GatewayConfig, options: GatewayOptions = {}): Promise<Gateway> {
  const gateway = new RunningGateway(options, config);
  try {
    await gateway.start(config);
  } catch (error) {
    await gateway.close();
    throw error;
  }
  return gateway;
}

class RunningGateway implements Gateway {
  readonly #options: GatewayOptions;
  readonly #log: Log;
  readonly #metrics = new Metrics();
  readonly #records: ProcessRecords;
  readonly #stopping = new AbortController();
  readonly #shared: SharedParts;
  readonly #routes: RouteSet;
  readonly #fronts = new Fronts();
  readonly #certificates: CertificateSet;
  readonly #mesh: MeshPlace;
  #config: GatewayConfig | undefined;
  #documentFiles: readonly string[] = [];
  #admin: { readonly key: string; readonly server: HttpServer } | undefined;
  /** Renewals come one after another. */
  #renewing: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(options: GatewayOptions, { servers }: GatewayConfig) {
    this.#options = options;
    const log = options.log ?? silent;
    this.#log = (level, message, fields) => {
      const name = this.#config?.name;
      log(level, message, name === undefined ? fields : { gateway: name, ...fields });
    };
    this.#records = new ProcessRecords({ keptMs: 0 });
    // Webhooks of strangers must not reach into this machine.
    const localWebhooks = servers.every(({ listen }) => listen.every(({ hostname }) => isLoopback(hostname)));
    const { services } = options;
    this.#shared = new SharedParts({ log: this.#log, signal: this.#stopping.signal, localWebhooks }, services);
    this.#mesh = new MeshPlace(this.#log, options.mesh);
    this.#routes = new RouteSet({ metrics: this.#metrics });
    this.#certificates = new CertificateSet({ log: this.#log, metrics: this.#metrics });
  }

  get urls(): readonly string[] {
    return this.#fronts.urls;
  }

  get admin(): string | undefined {
    if (!this.#admin) return undefined;
    const { path, hostname, port } = this.#admin.server;
    return path ?? `http://${keyOf({ hostname, port })}`;
  }

  get documentFiles(): readonly string[] {
    return this.#documentFiles;
  }

  /** Puts the first config into force. */
  start(config: GatewayConfig): Promise<void> {
    return this.#afterOthers(() => this.#renew(config));
  }

  async reload(config: GatewayConfig | (() => GatewayConfig)): Promise<void> {
    try {
      await this.#afterOthers(() => this.#renew(typeof config === "function" ? config() : config));
      this.#metrics.reloaded("done");
    } catch (error) {
      this.#metrics.reloaded("refused");
      throw error;
    }
  }

  #afterOthers(renew: () => Promise<void>): Promise<void> {
    const renewed = this.#renewing.then(renew);
    this.#renewing = renewed.catch(() => {/* whoever asked for it is told */});
    return renewed;
  }

  close(hurry?: AbortSignal): Promise<void> {
    return this.#closing ??= this.#close(hurry);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #renew(config: GatewayConfig): Promise<void> {
    if (this.#closing) throw new Error("Cannot read the file again: the gateway is stopping");
    await using undo = new AsyncDisposableStack();
    const certificates = await this.#certificates.prepare(config.servers);
    undo.defer(() => certificates.rollback());
    const mesh = await this.#mesh.prepare(config.mesh);
    undo.defer(() => mesh.rollback());
    const documents = await openDocuments(config.servers);
    const routes = await this.#routes.prepare(this.#plan(config, documents, mesh.caller));
    undo.defer(() => routes.rollback());
    const fronts = await this.#fronts.prepare(this.#wantedFronts(config));
    undo.defer(() => fronts.rollback());
    const admin = await this.#prepareAdmin(config.admin);
    undo.move(); // nothing fails from here on
    const before = this.#config;
    this.#config = config;
    this.#documentFiles = documents.flatMap((opened) => opened?.document.references.files ?? []).map(({ path }) =>
      path
    );
    this.#records.keptMs = config.admin?.processesKeptMs ?? 0;
    this.#routes.accessLog = accessLog(config.accessLog, this.#log, this.#options.writeAccess ?? (() => {}));
    routes.commit();
    fronts.commit();
    certificates.commit();
    admin();
    mesh.commit();
    for (const address of fronts.unchanged) {
      this.#log("warn", `The bounds of connections to ${address}, or whether it speaks TLS, change at the next start`);
    }
    if (isOtherSecret(before?.reply, config.reply)) {
      this.#log("warn", "Whether ids of replies hold a secret changes at the next start");
    }
  }

  #plan(
    config: GatewayConfig,
    documents: readonly (OpenedDocument | undefined)[],
    mesh: MeshCaller | undefined,
  ): PlannedServer[] {
    const { dev, registry, reply } = config;
    const context: GatewayContext = {
      ...{ dev, registry, reply, log: this.#log, metrics: this.#metrics, records: this.#records },
      mesh,
      shared: this.#shared,
    };
    return config.servers.map((server, index) => ({
      ...server,
      addresses: server.listen.map(keyOf),
      routes: planRoutes(server, documents[index], context),
    }));
  }

  #wantedFronts(config: GatewayConfig): Map<string, WantedFront> {
    const wanted = new Map<string, WantedFront>();
    for (const server of config.servers) {
      for (const address of server.listen) {
        const key = keyOf(address);
        const handler = this.#routes.handler(key);
        const tls = server.tls && this.#certificates.hosts(key);
        if (!wanted.has(key)) wanted.set(key, this.#front(address, handler, server, { tls, upgrade: true }));
      }
    }
    for (const server of config.servers) {
      if (!server.redirectHttp || wanted.has(keyOf(server.redirectHttp))) continue;
      const key = keyOf(server.redirectHttp);
      const redirecting = () => {
        return this.#config!.servers.filter(({ redirectHttp }) => redirectHttp && keyOf(redirectHttp) === key);
      };
      const handler = redirectFront(redirecting, this.#certificates.challenge);
      wanted.set(key, this.#front(server.redirectHttp, handler, server, {}));
    }
    return wanted;
  }

  #front(
    address: WantedFront["address"],
    handler: WantedFront["handler"],
    { limits }: ServerConfig,
    more: Pick<ServeOptions, "tls" | "upgrade">,
  ): WantedFront {
    const bounds = {
      requestHeadBytes: limits.headBytes,
      requestHeadMs: limits.headMs,
      requestBodyIdleMs: limits.bodyIdleMs,
      responseStallMs: limits.responseStallMs,
      keepAliveMs: limits.keepAliveMs,
      connections: this.#options.connections,
    };
    const onAccess: ServeOptions["onAccess"] = (access, request) => this.#routes.ended(access, request);
    return {
      address,
      handler,
      options: { ...bounds, ...more, onAccess },
      optionsKey: JSON.stringify([bounds, more.tls !== undefined]),
    };
  }

  /** Opens where the operator asks, if it is elsewhere than before. @returns what puts it into force */
  async #prepareAdmin(config: AdminConfig | undefined): Promise<() => void> {
    const key = JSON.stringify(config?.listen);
    const before = this.#admin;
    if (before?.key === key || !config) {
      return () => {
        if (!config) this.#admin = undefined;
        if (!config) before?.server.close(0);
      };
    }
    const handler = adminHandler({
      isReady: () => this.#config !== undefined && !this.#closing,
      metrics: this.#metrics,
      processOf: (id) => this.#records.find(id),
    });
    const server = await openAdmin(handler, config.listen);
    return () => {
      this.#admin = { key, server };
      before?.server.close(0);
    };
  }

  async #close(hurry?: AbortSignal): Promise<void> {
    await this.#renewing;
    this.#stopping.abort();
    await this.#fronts.close(this.#config?.graceMs ?? 0, hurry);
    await this.#routes.close();
    await this.#mesh.close();
    await this.#certificates.close();
    await this.#admin?.server.close(0);
  }
}

/** The socket stays open, and with it the kind of ids that it takes. */
function isOtherSecret(before: ReplyConfig | undefined, now: ReplyConfig | undefined): boolean {
  return before?.socket.path === now?.socket.path && before?.secret !== now?.secret;
}

/** A page on the internet reaches loopback through a browser, and a socket of the file system by nothing. */
async function openAdmin(handler: Handler, listen: AdminConfig["listen"]): Promise<HttpServer> {
  const isSocket = "path" in listen;
  try {
    return await serveHttp(isSocket ? handler : guardOrigins(handler), listen);
  } catch (cause) {
    throw cannotListen(isSocket ? listen.path : keyOf(listen), cause);
  }
}
