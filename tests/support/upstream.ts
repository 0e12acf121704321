/** Servers that requests are passed on to: one that says word for word what a test wants, on bare connections. */

import { type AddressInfo, createServer, type Socket } from "node:net";
import { within } from "./within.ts";

/** One connection of it. */
export interface UpstreamConnection {
  readonly socket: Socket;
  /** All that has come, each byte one character. */
  received: string;
  /** It has ended or was cut. */
  isClosed: boolean;
}

/** A server on bare connections. */
export interface RawUpstream extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly connections: UpstreamConnection[];
}

/** Listens. `onData` is called whenever something has come; without it, nothing is read. */
export async function rawUpstream(
  onData?: (connection: UpstreamConnection, count: number) => void,
): Promise<RawUpstream> {
  const connections: UpstreamConnection[] = [];
  const server = createServer((socket) => {
    const connection: UpstreamConnection = { socket, received: "", isClosed: false };
    const count = connections.push(connection);
    socket.on("error", () => {/* "close" follows */});
    socket.on("close", () => connection.isClosed = true);
    if (!onData) return;
    socket.on("data", (data) => {
      connection.received += data.toString("latin1");
      onData(connection, count);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: "127.0.0.1",
    port: (server.address() as AddressInfo).port,
    connections,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const { socket } of connections) socket.destroy();
      await within("the upstream closes", closed);
    },
  };
}

/** An upstream that gives one answer to each request that has no body. */
export function answering(answer: string): Promise<RawUpstream> {
  return rawUpstream((connection) => {
    if (!connection.received.endsWith("\r\n\r\n")) return;
    connection.received = "";
    connection.socket.write(answer, "latin1");
  });
}
