/** Reaches a node at an address. */

// @ts-types="../../net/ws.d.ts"
import { WebSocket } from "ws";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { systemClock } from "../clock.ts";
import { meshLimits } from "../limits.ts";
import { MeshError } from "../mesh_error.ts";
import { type MeshAddress, parseAddress } from "./address.ts";
import type { Link } from "./link.ts";
import { remoteHostOf } from "./remote_host.ts";
import { SocketReads } from "./socket_reads.ts";
import { TcpLink } from "./tcp_link.ts";
import { WEBSOCKET_OPTIONS, WebSocketLink } from "./websocket_link.ts";

/** Options of {@linkcode dialLink}. */
export interface DialOptions {
  readonly signal?: AbortSignal;
  /** How long it may take. Default: 10 s. */
  readonly connectMs?: number;
  /** Certificates of authorities that sign for `wss:`, as PEM, in place of those that the runtime trusts. */
  readonly ca?: string;
}

/** A connection that is being made. */
interface Attempt {
  readonly done: Promise<Link>;
  /** Gives it up; whatever becomes of it is of no interest. */
  cancel(): void;
}

/**
 * Connects to a node.
 *
 * @param address as {@linkcode parseAddress} reads it
 * @throws {TypeError} when it is no address
 * @throws {MeshError} `unreachable`, with why and what to do
 * @throws the signal's reason
 */
export async function dialLink(address: string, options: DialOptions = {}): Promise<Link> {
  const { signal, connectMs = meshLimits.connectMs, ca } = options;
  const target = parseAddress(address);
  signal?.throwIfAborted();
  const attempt = target.protocol === "tcp" ? dialTcp(target) : dialWebSocket(target, ca);
  const { promise: failed, reject } = Promise.withResolvers<never>();
  const late = { code: "ETIMEDOUT", message: `nothing answers within ${connectMs} ms` };
  const stopClock = systemClock.after(connectMs, () => reject(late));
  const abort = () => reject(signal!.reason);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([attempt.done, failed]);
  } catch (cause) {
    attempt.cancel();
    signal?.throwIfAborted();
    throw unreachable(target, cause as Failure);
  } finally {
    stopClock();
    signal?.removeEventListener("abort", abort);
  }
}

function dialTcp({ host, port }: MeshAddress): Attempt {
  const socket = connect({ host, port });
  socket.pause(); // the link reads it
  const done = new Promise<Link>((resolve, reject) => {
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(new TcpLink(new SocketReads(socket)));
    });
  });
  return { done, cancel: () => cancel(done, () => socket.on("error", () => {}).destroy()) };
}

function dialWebSocket({ text }: MeshAddress, ca: string | undefined): Attempt {
  const socket = new WebSocket(text, { ...WEBSOCKET_OPTIONS, ...ca === undefined ? {} : { ca } });
  let remoteHost: string | undefined;
  socket.once("upgrade", (response: IncomingMessage) => remoteHost = remoteHostOf(response.socket));
  const done = new Promise<Link>((resolve, reject) => {
    socket.on("error", reject);
    socket.once("open", () => resolve(new WebSocketLink(socket, remoteHost)));
  });
  return { done, cancel: () => cancel(done, () => socket.terminate()) };
}

/** Ends what was begun, and a link that came at the last moment. */
function cancel(done: Promise<Link>, end: () => void): void {
  done.then((link) => link.destroy(), () => {}); // told already, or wanted by nobody
  end();
}

/** What runtimes tell of it. */
interface Failure {
  readonly code?: string;
  readonly message?: string;
}

/** Why, and what to do. */
const MEANINGS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there; start the node, or look at the port",
  ENOTFOUND: "there is no host of that name; look at its spelling, or give an IP address",
  EAI_AGAIN: "its name could not be looked up now; look at the network, or give an IP address",
  EHOSTUNREACH: "no way leads to that host; look at the network",
  ENETUNREACH: "no way leads to that network; look at the network, and whether it has that kind of address",
  ECONNRESET: "it ended the connection at once; it may have too many, or be no node",
};

function unreachable({ text }: MeshAddress, cause: Failure): MeshError {
  const { code = "", message } = cause;
  return new MeshError("unreachable", `Cannot reach ${text}: ${MEANINGS[code] ?? meaningOf(code, message)}`, { cause });
}

function meaningOf(code: string, message = code): string {
  if (code === "ETIMEDOUT") return `${message}; look whether a firewall lets connections through`;
  const [, status] = /^Unexpected server response: (\d+)/.exec(message) ?? [];
  if (status) return `it answers with status ${status}, where a node takes WebSockets; look at host, port and path`;
  return message;
}
