/**
 * Takes links on a port: TCP and WebSockets alike, told apart by their first bytes, so that a node needs one port, and a
 * proxy for HTTPS can pass on to it.
 */

import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { urlHost } from "../../net/url_host.ts";
import { systemClock } from "../clock.ts";
import { meshLimits } from "../limits.ts";
import { type Kind, readFirst } from "./first_bytes.ts";
import type { Link } from "./link.ts";
import { LinkPlaces } from "./link_places.ts";
import { remoteHostOf } from "./remote_host.ts";
import { SocketReads } from "./socket_reads.ts";
import { TcpLink } from "./tcp_link.ts";
import { WebSocketDoor } from "./websocket_door.ts";

/** Options of {@linkcode listenLinks}. */
export interface ListenOptions {
  /** Default: `127.0.0.1`. */
  readonly host?: string;
  /** Default: 0, any that is free. */
  readonly port?: number;
  /** Takes a link, whose first bytes may have come. */
  onLink(link: Link, from: { readonly remoteHost: string }): void;
  /** Connections at a time. Default: 10,000; all servers together have half of the descriptors. */
  readonly connections?: number;
  /** Those of one remote host; loopback may have any number. Default: 256. */
  readonly connectionsOfHost?: number;
  /** How long a connection may take to become a link. Default: 10 s. */
  readonly firstBytesMs?: number;
  /** Closes it. */
  readonly signal?: AbortSignal;
}

/** A port on which links are taken. */
export interface LinkListener extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** `tcp://HOST:PORT`. */
  readonly address: string;
  /** Takes no more links; those that were taken go on. */
  close(): Promise<void>;
}

/**
 * Listens for links.
 *
 * @throws {Deno.errors.AddrInUse} when the port is taken; on Node.js the system's error
 * @throws the signal's reason
 */
export async function listenLinks(options: ListenOptions): Promise<LinkListener> {
  const { host = "127.0.0.1", port = 0, signal } = options;
  signal?.throwIfAborted();
  const server = createServer({ pauseOnConnect: true }); // what reads it is put in place first
  const door = new Door(server, options);
  await listen(server, host, port);
  const { port: given } = server.address() as AddressInfo;
  let closed: Promise<void> | undefined;
  const close = () => {
    signal?.removeEventListener("abort", close);
    return closed ??= door.close();
  };
  signal?.addEventListener("abort", close, { once: true });
  if (signal?.aborted) {
    await close();
    signal.throwIfAborted();
  }
  const address = `tcp://${urlHost(host)}:${given}`;
  return { host, port: given, address, close, [Symbol.asyncDispose]: close };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (error: Error & { code?: string }) => {
    if (error.code !== "EADDRINUSE" || !("Deno" in globalThis)) return reject(error);
    reject(new Deno.errors.AddrInUse(`Port ${port} is taken`));
  };
  server.once("error", fail);
  server.listen({ host: host === "" ? undefined : host, port }, () => {
    server.off("error", fail);
    server.on("error", () => {}); // a connection that could not be taken is its client's to notice
    resolve();
  });
  return promise;
}

/** Connections from when they come until they are links. */
class Door {
  readonly #server: Server;
  readonly #options: ListenOptions;
  readonly #places: LinkPlaces;
  readonly #webSockets: WebSocketDoor;
  /** What gives each up that is not a link yet. */
  readonly #pending = new Map<Socket, () => void>();

  constructor(server: Server, options: ListenOptions) {
    const { connections = meshLimits.links } = options;
    this.#server = server;
    this.#options = options;
    this.#places = new LinkPlaces(connections, options.connectionsOfHost ?? meshLimits.linksOfHost);
    this.#webSockets = new WebSocketDoor((link, socket) => {
      this.#settle(socket);
      this.#give(link);
    });
    server.on("connection", (socket: Socket) => this.#accept(socket));
  }

  /** Takes nothing more, and gives up what is no link yet. */
  async close(): Promise<void> {
    this.#server.close(); // it would tell when all links have ended too, which are none of its business
    await Promise.all(Array.from(this.#pending.keys(), (socket) => {
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.destroy();
      return closed;
    }));
  }

  #accept(connection: Socket): void {
    connection.on("error", () => {}); // "close" follows
    const remoteHost = remoteHostOf(connection);
    const leave = remoteHost === undefined ? undefined : this.#places.take(remoteHost);
    if (!leave) return void connection.destroy();
    const reads = new SocketReads(connection);
    const { socket } = reads;
    const { firstBytesMs = meshLimits.firstBytesMs } = this.#options;
    this.#pending.set(socket, systemClock.after(firstBytesMs, () => socket.destroy()));
    socket.on("error", () => {});
    socket.once("close", () => {
      this.#settle(socket);
      leave();
    });
    readFirst(reads, (kind, bytes) => this.#sort(reads, kind, bytes));
  }

  /** @returns whether somebody takes what comes next */
  #sort(reads: SocketReads, kind: Kind, bytes: Uint8Array<ArrayBuffer>): boolean {
    if (kind === "http") return this.#webSockets.take(reads, bytes);
    this.#settle(reads.socket);
    if (kind === "unknown") reads.socket.destroy();
    else this.#give(new TcpLink(reads, bytes));
    return false; // a link reads when it is opened
  }

  /** It is a link now, or gone. */
  #settle(socket: Socket): void {
    this.#pending.get(socket)?.();
    this.#pending.delete(socket);
  }

  #give(link: Link): void {
    const { remoteHost } = link;
    if (remoteHost === undefined) link.destroy(); // it went in this very moment
    else this.#options.onLink(link, { remoteHost });
  }
}
