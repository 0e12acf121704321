/** The asking side of a call that goes over to another protocol: the client's connection is joined to the stream. */

import { tunnelTo } from "../../http/forward_tunnel.ts";
import { limits } from "../../limits.ts";
import type { Clock } from "../clock.ts";
import type { MeshStream } from "../session/mesh_stream.ts";
import { ResetCode } from "../session/reset_code.ts";
import { streamSocket } from "./stream_socket.ts";

/** What a tunnel needs. */
export interface MeshTunnelOptions {
  readonly clock: Clock;
  /** How long until somebody joins the client's connection to it, milliseconds. */
  readonly untakenMs?: number;
  /** Told once, when it is over. */
  readonly onEnd: (outcome: "ok" | "failed") => void;
}

/** The answer that joins the client's connection to a stream, on which the other side writes its own answer first. */
export function meshTunnel(
  stream: MeshStream,
  { clock, untakenMs = limits.upstreamConnectMs, onEnd }: MeshTunnelOptions,
): Response {
  const socket = streamSocket({ stream, clock, code: ResetCode.cancelled });
  let isBroken = false;
  socket.once("error", () => isBroken = true);
  const patience = { untakenMs, quietMs: limits.upstreamHeadMs };
  return tunnelTo(socket, patience, () => onEnd(isBroken ? "failed" : "ok"), () => {});
}
