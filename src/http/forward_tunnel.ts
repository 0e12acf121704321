/** Two connections joined end to end, once a client and an upstream have gone over to another protocol. */

import type { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { limits } from "../limits.ts";
import { responseFields } from "./forward_fields.ts";
import { takeOver } from "./upgrade.ts";

/** The upstream's end. */
export interface TunnelEnd {
  readonly incoming: IncomingMessage;
  readonly socket: Socket;
  /** What it sent right behind the head of its answer. */
  readonly head: Buffer;
}

/** How long a tunnel is waited for, milliseconds. */
export interface TunnelPatience {
  /** Until somebody joins the client's connection to the upstream's. */
  readonly untakenMs: number;
  /** While one side has ended and the other is quiet. */
  readonly quietMs: number;
}

/**
 * The answer that joins the client's connection to the upstream's.
 *
 * @param onEnd told once, when the upstream's connection has closed
 */
export function tunnel(
  { incoming, socket: upstream, head }: TunnelEnd,
  patience: TunnelPatience,
  onEnd: () => void,
): Response {
  return tunnelTo(upstream, patience, onEnd, (client) => {
    client.write(switchingHead(incoming), "latin1");
    if (head.byteLength > 0) client.write(head);
  });
}

/**
 * The answer that joins the client's connection to another one.
 *
 * @param onEnd told once, when the other one has closed
 * @param greet sends the client what comes before all that the other one says
 */
export function tunnelTo(
  upstream: Socket,
  { untakenMs, quietMs }: TunnelPatience,
  onEnd: () => void,
  greet: (client: Socket) => void,
): Response {
  upstream.on("error", () => {/* "close" follows */});
  // Whoever stands between us and the server may have dropped the answer: then nobody would ever close this connection.
  const untaken = setTimeout(() => upstream.destroy(), untakenMs);
  upstream.once("close", () => {
    clearTimeout(untaken);
    onEnd();
  });
  return takeOver((taken) => {
    clearTimeout(untaken);
    const client = taken.socket;
    if (client.destroyed || upstream.destroyed) {
      client.destroy();
      upstream.destroy();
      return;
    }
    greet(client);
    if (taken.head.byteLength > 0) upstream.write(taken.head);
    join(client, upstream, quietMs);
    join(upstream, client, quietMs);
  });
}

function switchingHead(incoming: IncomingMessage): string {
  const fields = responseFields(incoming.rawHeaders, false).map(([name, value]) => `${name}: ${value}\r\n`);
  const protocol = incoming.headers.upgrade ?? "websocket";
  return `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: ${protocol}\r\n${fields.join("")}\r\n`;
}

/** One direction: bytes with back-pressure, the end, and what becomes of the other one when this one closes. */
function join(from: Socket, to: Socket, quietMs: number): void {
  from.setKeepAlive(true, limits.tunnelProbeMs);
  from.pipe(to);
  // The other side may have more to say, or may never notice that it talks to nobody.
  from.once("end", () => to.setTimeout(quietMs, () => to.destroy()));
  from.once("close", (hasFailed: boolean) => {
    if (hasFailed) return void to.destroy();
    // What has come for it is still sent, but whoever reads nothing is not waited for.
    const patience = setTimeout(() => to.destroy(), limits.tunnelLingerMs);
    to.once("close", () => clearTimeout(patience));
    to.destroySoon();
    if (to.destroyed) clearTimeout(patience);
  });
}
