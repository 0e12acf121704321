/** The answering side of a call that goes over to another protocol: its stream is the connection that a handler takes over. */

import { Buffer } from "node:buffer";
import { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Takeover } from "../../http/upgrade.ts";
import type { Clock } from "../clock.ts";
import { FrameType } from "../session/frames.ts";
import type { MeshStream } from "../session/mesh_stream.ts";
import { ResetCode } from "../session/reset_code.ts";
import { mergedFields } from "./call_request.ts";
import { type RequestHead, writeResponseHead } from "./heads.ts";
import { streamSocket } from "./stream_socket.ts";

/** Hands a stream over to its taker, who writes his own answer on it. Resolves when he has let go of it. */
export async function handOver(
  takeover: Takeover,
  stream: MeshStream,
  head: RequestHead,
  clock: Clock,
): Promise<void> {
  stream.sender.head(FrameType.head, writeResponseHead({ status: 101, hasTrailers: false, fields: [] }));
  const remoteAddress = head.client === "" ? undefined : head.client;
  const socket = streamSocket({ stream, clock, code: ResetCode.failed, remoteAddress });
  socket.on("error", () => {/* "close" follows; without a listener it would end the process */});
  const closed = new Promise((resolve) => socket.once("close", resolve));
  try {
    takeover({ incoming: incomingOf(head, socket), socket, head: Buffer.alloc(0) });
  } catch {
    socket.destroy(); // the only answer that is left
  }
  await closed;
}

/** The request's head as node:http would give it; there is no body. */
function incomingOf({ method, url, fields }: RequestHead, socket: Socket): IncomingMessage {
  const incoming = new IncomingMessage(socket);
  incoming.method = method;
  incoming.url = url.slice(url.indexOf("/", url.indexOf("//") + 2));
  incoming.httpVersion = "1.1";
  incoming.rawHeaders = [...fields];
  incoming.headers = mergedFields(fields);
  incoming.complete = true;
  incoming.push(null);
  return incoming;
}
