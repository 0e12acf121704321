/** Where clients and other hubs come in: WebSockets at `/registry`, and plain HTTP. */

// @ts-types="../../net/ws.d.ts"
import { WebSocketServer } from "ws";
import type { Handler } from "../../http/handler.ts";
import { guardOrigins } from "../../http/origins.ts";
import { problem } from "../../http/problem.ts";
import { fieldOfRequest, pathOf } from "../../http/served_request.ts";
import { requireToken } from "../../http/tokens.ts";
import { canUpgrade, takeOver } from "../../http/upgrade.ts";
import { limits } from "../../limits.ts";
import { Link } from "../wire/link.ts";
import { WS_PATH } from "../wire/messages.ts";

/** What the door needs of its hub. */
export interface DoorOptions {
  /** Answers plain HTTP. */
  readonly http: Handler;
  readonly queryToken: string | undefined;
  readonly origins: readonly string[];
  /** The names under which others know the hub. */
  readonly names: readonly string[];
  /** Takes a WebSocket. */
  receive(link: Link, address: string): void;
}

/** Makes the handler of a hub. */
export function hubDoor({ http, queryToken, origins, names, receive }: DoorOptions): Handler {
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: limits.registryFrameBytes,
    perMessageDeflate: false,
  });
  const upgrade: Handler = (request, info) => {
    if (!canUpgrade(request)) {
      const headers = { upgrade: "websocket", connection: "upgrade" };
      return problem(426, "Here is a WebSocket: see /services for plain HTTP", { headers });
    }
    const address = info?.remoteAddr?.hostname ?? "";
    return takeOver(({ incoming, socket, head }) => {
      sockets.handleUpgrade(incoming, socket, head, (webSocket) => receive(new Link(webSocket), address));
    });
  };
  const guardedUpgrade = guardOrigins(upgrade, origins, names);
  const guardedHttp = queryToken === undefined
    ? guardOrigins(http, origins, names)
    : requireToken(http, [{ token: queryToken, write: false }], { realm: "registry", isOpen: asksForHealth });
  return (request, info) => {
    if (pathOf(request.url) !== WS_PATH) return guardedHttp(request, info);
    // Browsers name the page, always; whoever names none is no page, under whatever name it reaches us.
    return fieldOfRequest(request, "origin") !== null ? guardedUpgrade(request, info) : upgrade(request, info);
  };
}

function asksForHealth(request: Request): boolean {
  return pathOf(request.url) === "/health";
}
