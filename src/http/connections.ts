/**
 * The connections of a server: who is at their other end, and which wait for a next request in vain. node:http would set
 * a timer before and after each request for that; one look at all of them now and then costs a request nothing.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { limits } from "../limits.ts";
import type { RequestInfo } from "./handler.ts";

/** A client's address, as handlers are told it. */
export type Address = NonNullable<RequestInfo["remoteAddr"]> & { readonly hostname: string };

/** A request, or what else has to wait for the answers before. */
export interface Turn {
  /** Never rejects but for what nobody foresaw. */
  run(): Promise<void>;
  /** Undefined for what is the last of its connection. */
  readonly outgoing: ServerResponse | undefined;
}

/** One of them. */
export interface Connection {
  readonly address: Address;
  /** Requests under way. */
  requests: number;
  /** Those that have to wait for its answer. */
  readonly waiting: Turn[];
  /** Nothing more is taken from it. */
  isEnding: boolean;
  /** The one that came last: what comes is its body, until that is complete. */
  incoming: IncomingMessage | undefined;
  /** Status of the answer that was sent in place of the handler's, because the body turned out to be none. */
  brokenWith: number | undefined;
  /** Looks at it since it was last busy. */
  idleLooks: number;
  /** Bytes that had come when it was last looked at. */
  bytesRead: number;
  /** Those of its handshake. */
  readonly bytesBefore: number;
}

/** All that are open. */
export class Connections {
  readonly #open = new Map<Socket, Connection>();
  readonly #keepAliveMs: number;

  /**
   * Makes a table without any.
   *
   * @param keepAliveMs how long an idle one is kept
   */
  constructor(keepAliveMs: number = limits.keepAliveMs) {
    this.#keepAliveMs = keepAliveMs;
  }

  /** How many. */
  get size(): number {
    return this.#open.size;
  }

  /** Keeps one until it closes. */
  add(socket: Socket): void {
    this.#open.set(socket, {
      address: addressOf(socket),
      requests: 0,
      waiting: [],
      isEnding: false,
      incoming: undefined,
      brokenWith: undefined,
      idleLooks: 0,
      bytesRead: 0,
      bytesBefore: socket.bytesRead,
    });
    socket.on("close", () => this.#open.delete(socket));
  }

  /** What is known of one; undefined when it has closed. */
  get(socket: Socket): Connection | undefined {
    return this.#open.get(socket);
  }

  /** Closes those that had no request for as long as an idle one is kept, when it is called every `everyMs`. */
  closeIdle(everyMs: number): void {
    for (const [socket, connection] of this.#open) {
      const { bytesRead } = socket;
      const isBusy = connection.requests > 0 || bytesRead !== connection.bytesRead;
      connection.bytesRead = bytesRead;
      connection.idleLooks = isBusy ? 0 : connection.idleLooks + 1;
      if (connection.idleLooks * everyMs >= this.#keepAliveMs) socket.destroy();
    }
  }

  /** Closes those that nothing has come from yet. */
  closeUnused(): void {
    for (const [socket, { bytesBefore }] of this.#open) {
      if (socket.bytesRead === bytesBefore) socket.destroy();
    }
  }

  /** Cuts all. */
  cut(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }
}

/** A client on a socket of the file system has none. */
function addressOf({ remoteAddress, remotePort }: Socket): Address {
  if (remoteAddress === undefined) return { transport: "unix", hostname: "" };
  return { transport: "tcp", hostname: remoteAddress.replace(/^::ffff:(?=\d+\.)/, ""), port: remotePort ?? 0 };
}
