/** A request that asks for another protocol, and its answer. Whatever that is, it is the connection's last. */

import type { Buffer } from "node:buffer";
import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { accessOf } from "./access.ts";
import type { Connection } from "./connections.ts";
import { ask } from "./exchange.ts";
import { errorResponse } from "./problem.ts";
import { sendResponse } from "./send_response.ts";
import type { Front } from "./serve_options.ts";
import { toRequest } from "./to_request.ts";
import { offerUpgrade, takeoverOf } from "./upgrade.ts";

/** A connection whose request asks for another protocol. */
export interface Offer {
  readonly socket: Socket;
  readonly head: Buffer;
  readonly connection: Connection;
}

/** Where node:http finds the answer that a connection carries. */
type Carrying = Socket & { readonly _httpMessage?: ServerResponse | null };

/** Asks the handler, which may take over the connection, and else sends what it answers. */
export async function exchangeOrHandOver(
  front: Front,
  incoming: IncomingMessage,
  { socket, head, connection }: Offer,
): Promise<void> {
  const started = performance.now();
  socket.on("error", () => {/* "close" follows; without a listener it would end the process */});
  if (!await isFree(socket, connection)) return void socket.destroy();
  connection.requests++; // a connection taken over is never idle
  const outgoing = new ServerResponse(incoming);
  outgoing.shouldKeepAlive = false;
  outgoing.assignSocket(socket);
  let request: Request | undefined;
  let response: Response;
  try {
    request = toRequest(incoming, outgoing, undefined, front);
    offerUpgrade(request);
    response = await ask(front, request, connection);
  } catch (error) {
    response = errorResponse(error, front);
  }
  const report = (status: number, sent: { complete: boolean; bytes: number }) => {
    const remoteAddress = connection.address.hostname;
    const ending = { ...sent, started, status, requestBytes: 0, remoteAddress, response };
    front.onAccess?.(accessOf(incoming, ending), request);
  };
  const takeover = takeoverOf(response);
  if (!takeover) {
    leaveWithClient(socket, outgoing);
    socket.on("drain", () => outgoing.emit("drain")); // node:http listens no more on a connection it has let go of
    const sent = await sendResponse(response, incoming, outgoing, front.responseStallMs);
    connection.requests--; // who takes nothing of the answer is idle
    socket.destroySoon();
    return report(response.status, sent);
  }
  outgoing.detachSocket(socket);
  const onClose = (failed: boolean) => report(101, { complete: !failed, bytes: socket.bytesWritten });
  if (socket.destroyed) onClose(true);
  else socket.once("close", onClose);
  try {
    takeover({ incoming, socket, head });
  } catch {
    socket.destroy(); // the only answer that is left
  }
}

/**
 * Waits until the answers before are out. False when one is still to be made: it might take for ever, and nothing would
 * tell that the client has left, because node:http reads no more of a connection whose request asks for an upgrade.
 */
async function isFree(socket: Carrying, connection: Connection): Promise<boolean> {
  if (connection.requests > 0 || connection.waiting.length > 0) return false;
  for (let answer = socket._httpMessage; answer && !socket.destroyed; answer = socket._httpMessage) {
    await new Promise((resolve) => answer!.once("close", resolve));
  }
  return !socket.destroyed && !connection.isEnding;
}

/** Reads on for node:http, which reads no more, so that a client that leaves before it has its answer is noticed. */
function leaveWithClient(socket: Socket, outgoing: ServerResponse): void {
  socket.once("end", () => {
    if (!outgoing.writableEnded) outgoing.destroy();
  });
  socket.resume();
}
