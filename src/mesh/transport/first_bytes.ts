/** What a connection is for, by its first bytes: a link, or HTTP that asks for a WebSocket. */

import { meshLimits } from "../limits.ts";
import type { SocketReads } from "./socket_reads.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What it is. */
export type Kind = "link" | "http" | "unknown";

const GET = new TextEncoder().encode("GET ");

/** Tells it; undefined where more bytes are needed for that. */
export function kindOf(bytes: Uint8Array): Kind | undefined {
  if (bytes.byteLength === 0) return undefined;
  // A link begins with the length of a message, which has two bytes.
  if (bytes[0] <= meshLimits.greetMessageBytes >>> 8) return "link";
  const known = bytes.subarray(0, GET.byteLength);
  if (!known.every((byte, i) => byte === GET[i])) return "unknown";
  return known.byteLength === GET.byteLength ? "http" : undefined;
}

/**
 * Reads the first bytes of a connection.
 *
 * @param tell called once; from then on somebody else takes what comes. Returns whether there is anybody yet
 */
export function readFirst(reads: SocketReads, tell: (kind: Kind, bytes: Bytes) => boolean): void {
  let bytes: Bytes = new Uint8Array(0);
  reads.take = (more) => {
    bytes = bytes.byteLength === 0 ? more : joined(bytes, more);
    const kind = kindOf(bytes);
    return kind === undefined || tell(kind, bytes);
  };
  reads.socket.resume();
}

function joined(first: Uint8Array, second: Uint8Array): Bytes {
  const all = new Uint8Array(first.byteLength + second.byteLength);
  all.set(first);
  all.set(second, first.byteLength);
  return all;
}
