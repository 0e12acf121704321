/** Where connections that speak HTTP become links: a request for a WebSocket at any path. Others are told so. */

// @ts-types="../../net/ws.d.ts"
import { WebSocketServer } from "ws";
import { Buffer } from "node:buffer";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { problem } from "../../http/problem.ts";
import { asksForWebSocket } from "../../http/upgrade.ts";
import { meshLimits } from "../limits.ts";
import { remoteHostOf } from "./remote_host.ts";
import type { SocketReads } from "./socket_reads.ts";
import { WEBSOCKET_OPTIONS, WebSocketLink } from "./websocket_link.ts";

/** Takes sockets that others have accepted. */
export class WebSocketDoor {
  readonly #server: Server;

  /** @param onLink gets each link with the socket that it runs on */
  constructor(onLink: (link: WebSocketLink, socket: Socket) => void) {
    const sockets = new WebSocketServer({ noServer: true, clientTracking: false, ...WEBSOCKET_OPTIONS });
    const settings = { maxHeaderSize: meshLimits.upgradeHeadBytes, shouldUpgradeCallback: asksForWebSocket };
    this.#server = createServer(settings, (_: IncomingMessage, outgoing: ServerResponse) => {
      answer(outgoing, problem(426, "Here is a node of a mesh, which takes WebSockets", { headers: UPGRADE }));
    });
    this.#server.on("upgrade", (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
      // Only pages name an origin, and no page is a node: a browser lets each of them come to this machine.
      if (incoming.headers.origin !== undefined) return void socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
      const remoteHost = remoteHostOf(socket);
      sockets.handleUpgrade(incoming, socket, head, (webSocket) => {
        onLink(new WebSocketLink(webSocket, remoteHost), socket);
      });
    });
  }

  /** Takes a connection with what came first. @returns whether it takes more */
  take(reads: SocketReads, head: Uint8Array<ArrayBuffer>): boolean {
    const { socket } = reads;
    reads.take = ({ buffer }) => socket.push(Buffer.from(buffer));
    this.#server.emit("connection", socket);
    return socket.push(Buffer.from(head.buffer));
  }
}

const UPGRADE = { upgrade: "websocket", connection: "close" };

async function answer(outgoing: ServerResponse, response: Response): Promise<void> {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.end(await response.text());
}
