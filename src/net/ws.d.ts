/** What is used of npm `ws`. The declarations that are published bring all of Node's, in place of those of the runtime. */

import type { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

/** A WebSocket. */
export class WebSocket {
  constructor(url: string, options?: ClientOptions);
  readonly readyState: number;
  readonly OPEN: number;
  readonly CLOSED: number;
  /** Bytes that wait to be sent. */
  readonly bufferedAmount: number;
  send(data: string | Uint8Array, done?: (error?: Error) => void): void;
  /** Ends it after what was sent before. */
  close(code?: number, reason?: string): void;
  /** Ends it at once. */
  terminate(): void;
  /** Takes no more messages for a while; those of what has been read still come. */
  pause(): void;
  /** Goes on. */
  resume(): void;
  on(event: "open", listener: () => void): this;
  on(event: "message", listener: (data: Buffer, isBinary: boolean) => void): this;
  on(event: "close", listener: (code: number, reason: Buffer) => void): this;
  on(event: "error", listener: (error: Error) => void): this;
  once(event: "open", listener: () => void): this;
  once(event: "error", listener: (error: Error) => void): this;
  once(event: "upgrade", listener: (response: IncomingMessage) => void): this;
}

/** Options of a WebSocket that is opened here. */
export interface ClientOptions {
  readonly handshakeTimeout?: number;
  readonly maxPayload?: number;
  readonly perMessageDeflate?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  /** Certificates of authorities, as PEM. */
  readonly ca?: string;
}

/** The server's side. */
export class WebSocketServer {
  constructor(options: {
    readonly noServer: true;
    readonly clientTracking?: boolean;
    readonly maxPayload?: number;
    readonly perMessageDeflate?: boolean;
  });
  /** Makes a WebSocket of a connection that was taken over. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, done: (socket: WebSocket) => void): void;
}
