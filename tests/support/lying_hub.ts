/** A hub that says whatever a test wants it to. */

import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { Buffer } from "node:buffer";
// @ts-types="../../src/net/ws.d.ts"
import { type WebSocket, WebSocketServer } from "ws";
import type { Heard } from "./registry_hub.ts";

/** What it does. */
export interface Lies {
  /** Fields of the greeting, or the text of one. */
  readonly greeting?: Record<string, unknown> | string;
  /** The welcome. */
  readonly welcome?: Record<string, unknown>;
  /** Says something after the welcome. */
  welcomed?(say: (message: unknown) => void): void;
  /** Answers each message after the hello. */
  answer?(message: Heard, say: (message: unknown) => void): void;
}

/** A running one. */
export interface LyingHub extends AsyncDisposable {
  readonly url: string;
  /** All that was ever said to it. */
  readonly heard: readonly Heard[];
  /** How many connections there were. */
  readonly connections: number;
  /** How many there are. */
  readonly open: number;
}

/** What a hub says first. */
export const greeting = (fields: Record<string, unknown> = {}): Record<string, unknown> => ({
  ...{ type: "hub", version: 1, hub: "liar", start: 1, challenge: "x", time: Date.now(), signed: false },
  ...{ heartbeatMs: 15_000, timeoutMs: 45_000, address: "127.0.0.1", ...fields },
});

/** Starts one. */
export async function startLyingHub(lies: Lies = {}): Promise<LyingHub> {
  const sockets = new WebSocketServer({ noServer: true, clientTracking: false });
  const heard: Heard[] = [];
  const open = new Set<WebSocket>();
  let connections = 0;
  const server = createServer();
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      connections++;
      open.add(webSocket);
      webSocket.on("close", () => open.delete(webSocket));
      lie(webSocket, lies, heard);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    get connections() {
      return connections;
    },
    get open() {
      return open.size;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function lie(socket: WebSocket, lies: Lies, heard: Heard[]): void {
  const say = (message: unknown) => socket.send(typeof message === "string" ? message : JSON.stringify(message));
  socket.on("error", () => {});
  socket.on("message", (data) => {
    for (const message of [JSON.parse(String(data))].flat() as Heard[]) {
      heard.push(message);
      if (message.type !== "hello") lies.answer?.(message, say);
      else {
        say({ type: "welcome", hubs: [], ...lies.welcome });
        lies.welcomed?.(say);
      }
    }
  });
  say(typeof lies.greeting === "string" ? lies.greeting : greeting(lies.greeting));
}
