/**
 * Where clients of npm seaport 2.x come in: they see all services of the registry, and everybody sees theirs. It costs a
 * socket a client, and what there is to tell is written anew for each.
 */

import { randomBytes } from "node:crypto";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { clearImmediate, setImmediate } from "node:timers";
import { ClientDoor } from "../../client_door.ts";
import { limits } from "../../limits.ts";
import type { Log } from "../../log.ts";
import type { HubCore } from "../hub/hub_core.ts";
import type { Session } from "../hub/registrar.ts";
import type { RegistryError } from "../registry_error.ts";
import type { Change } from "../table/catalog.ts";
import type { SeaportHub } from "./claims.ts";
import { unmapped } from "./documents.ts";
import { newsOf } from "./feed.ts";
import type { Meta } from "./lines.ts";
import { SeaportSession } from "./seaport_session.ts";

/** Options of {@linkcode openSeaportBridge}. */
export interface SeaportBridgeOptions {
  readonly core: HubCore;
  /** Who frees what was left behind when the hub was ended: the hub itself. */
  readonly self: Session;
  readonly hostname: string;
  readonly port: number;
  /** Clients at a time. */
  readonly connections: number | undefined;
  readonly heartbeatMs: number;
  readonly timeoutMs: number;
  /** False: only holders of keys may change anything. */
  readonly isOpen: boolean;
  readonly clock: () => number;
  readonly log: Log | undefined;
  /** Where services are, to everybody else, that connect from an address. */
  hostFor(address: string): string;
  onReject(error: RegistryError, address: string): void;
  /** A client has connected, is gone, or was silent for too long. */
  onClient(event: "connect" | "disconnect" | "timeout", address: string): void;
}

/** Owners that are seaport clients; no key has such an id. */
const OWNERS = "seaport:";

/** A bridge that listens. */
export class SeaportBridge {
  readonly #options: SeaportBridgeOptions;
  readonly #hub: SeaportHub;
  readonly #server: Server;
  readonly #door = new ClientDoor();
  readonly #sessions = new Set<SeaportSession>();
  readonly #stopObserving: () => void;
  readonly #ticking: ReturnType<typeof setInterval>;
  #ticked = performance.now();
  #pumping: ReturnType<typeof setImmediate> | undefined;
  #isClosed = false;

  /** Use {@linkcode openSeaportBridge}. */
  constructor(server: Server, options: SeaportBridgeOptions) {
    const { core, isOpen, heartbeatMs, timeoutMs, log } = options;
    this.#options = options;
    this.#server = server;
    this.#hub = {
      hub: core.hub,
      catalog: core.catalog,
      isOpen,
      register: (session, document) => this.#register(session, document),
      free: (session, id) => core.free(session, id),
      reject: (error, address) => options.onReject(error, address),
      warn: (message, address) => log?.("warn", message, { address }),
    };
    this.#stopObserving = core.catalog.observe(undefined, (change) => this.#note(change));
    const everyMs = Math.min(heartbeatMs, timeoutMs / 3);
    this.#ticking = setInterval(() => this.#tick(performance.now(), everyMs), everyMs);
    server.on("connection", (socket: Socket) => this.#accept(socket));
    server.on("error", (error: Error) => log?.("error", `Seaport clients can't be accepted: ${error.message}`));
  }

  /** The port it listens on. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many clients are connected. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Ends all connections. What the clients have registered is known until they come to another hub. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopObserving();
    clearInterval(this.#ticking);
    clearImmediate(this.#pumping);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const session of this.#sessions) session.cut();
    await closed;
  }

  #accept(socket: Socket): void {
    socket.on("error", () => {}); // it is told of by the close that follows
    if (!this.#door.admit(socket)) return;
    if (this.#isClosed || socket.remoteAddress === undefined) return void socket.destroy();
    socket.setNoDelay(true);
    const address = unmapped(socket.remoteAddress);
    const owner = OWNERS + randomBytes(12).toString("base64url");
    const incarnation = Math.round(this.#options.clock());
    const host = this.#options.hostFor(address);
    const session = new SeaportSession(socket, { owner, incarnation, address, host }, this.#hub);
    this.#sessions.add(session);
    this.#options.onClient("connect", address);
    socket.on("close", () => {
      this.#sessions.delete(session);
      if (!this.#isClosed) this.#options.core.leave(session);
      this.#options.onClient("disconnect", address);
    });
  }

  #register(session: Session, document: Meta): void {
    const { core, self } = this.#options;
    const id = String(document.id);
    const row = core.registrar.replica.own.get(id);
    // Its owner was connected before this hub started anew, and is nobody now: the first who comes with its id has it.
    if (row?.service.awaiting && row.owner.startsWith(OWNERS)) core.free(self, id);
    core.register(session, document);
  }

  #note(change: Change): void {
    const news = newsOf(change);
    if (!news) return;
    for (const session of this.#sessions) session.note(news);
    this.#pumping ??= setImmediate(() => {
      this.#pumping = undefined;
      for (const session of this.#sessions) session.pump();
    });
  }

  #tick(now: number, everyMs: number): void {
    const { timeoutMs, onClient } = this.#options;
    const lateMs = now - this.#ticked - everyMs;
    this.#ticked = now;
    for (const session of this.#sessions) {
      if (lateMs > everyMs) session.excuse(lateMs);
      if (!session.isSilent(now, timeoutMs)) {
        session.beat();
        continue;
      }
      onClient("timeout", session.address);
      session.cut();
    }
  }
}

/**
 * Opens a bridge.
 *
 * @throws {Deno.errors.AddrInUse} when the port is taken
 */
export async function openSeaportBridge(options: SeaportBridgeOptions): Promise<SeaportBridge> {
  const { hostname, port, connections = limits.seaportClients } = options;
  const server = createServer();
  server.maxConnections = connections;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: Error & { code?: string }) => {
      reject(error.code === "EADDRINUSE" ? new Deno.errors.AddrInUse(`Port ${port} is taken`) : error);
    });
    server.listen({ host: hostname, port }, resolve);
  });
  return new SeaportBridge(server, options);
}
