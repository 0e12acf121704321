/**
 * The connections of a server: who is at their other end, and which wait for a next request in vain. node:http would set
 * a timer before and after each request for that; one look at all of them now and then costs a request nothing.
 */

import type { Socket } from "node:net";
import { limits } from "../limits.ts";
import type { RequestInfo } from "./handler.ts";

/** A client's address, as handlers are told it. */
export type Address = NonNullable<RequestInfo["remoteAddr"]> & { readonly hostname: string };

/** One of them. */
export interface Connection {
  readonly address: Address;
  /** Requests under way. */
  requests: number;
  /** Looks at it since it was last busy. */
  idleLooks: number;
  /** Bytes that had come when it was last looked at. */
  bytesRead: number;
}

/** All that are open. */
export class Connections {
  readonly #open = new Map<Socket, Connection>();

  /** How many. */
  get size(): number {
    return this.#open.size;
  }

  /** Keeps one until it closes. */
  add(socket: Socket): void {
    const hostname = (socket.remoteAddress ?? "").replace(/^::ffff:(?=\d+\.)/, "");
    const address = { transport: "tcp", hostname, port: socket.remotePort ?? 0 };
    this.#open.set(socket, { address, requests: 0, idleLooks: 0, bytesRead: 0 });
    socket.on("close", () => this.#open.delete(socket));
  }

  /** What is known of one; undefined when it has closed. */
  get(socket: Socket): Connection | undefined {
    return this.#open.get(socket);
  }

  /** Closes those that had no request for `limits.keepAliveMs`, when it is called every `everyMs`. */
  closeIdle(everyMs: number): void {
    for (const [socket, connection] of this.#open) {
      const { bytesRead } = socket;
      const isBusy = connection.requests > 0 || bytesRead !== connection.bytesRead;
      connection.bytesRead = bytesRead;
      connection.idleLooks = isBusy ? 0 : connection.idleLooks + 1;
      if (connection.idleLooks * everyMs >= limits.keepAliveMs) socket.destroy();
    }
  }

  /** Cuts all. */
  cut(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }
}
