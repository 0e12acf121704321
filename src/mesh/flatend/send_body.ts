/** Sends a body as flatend's packets of data. */

import type { Source } from "../../bytes/source.ts";
import type { Connection } from "./connection.ts";
import { flatendLimits } from "./limits.ts";
import { DATA_BYTES, writePacket } from "./packets.ts";

/**
 * Sends the beginning of a request or an answer, and then its body at the pace of the connection.
 *
 * @param isWhole asked when the body has ended: it may have been cut short
 * @returns false when no end was sent, because it is not whole
 */
export async function sendWhole(
  connection: Connection,
  stream: number,
  head: Uint8Array,
  body: Source | undefined,
  isWhole: () => boolean = () => true,
): Promise<boolean> {
  if (!body) {
    await connection.send([head, endPacket(stream)]);
    return true;
  }
  try {
    await connection.send([head]);
    await sendBody(connection, stream, body);
    const isEnd = isWhole();
    if (isEnd) await connection.send([endPacket(stream)]);
    return isEnd;
  } catch (error) {
    body.cancel(error);
    throw error;
  }
}

/** Says that a body is whole. */
function endPacket(stream: number): Uint8Array {
  return writePacket({ type: "data", stream, bytes: new Uint8Array() });
}

async function sendBody(connection: Connection, stream: number, body: Source): Promise<void> {
  for (let chunk = await body.read(); chunk; chunk = await body.read()) {
    for (let at = 0; at < chunk.byteLength; at += flatendLimits.pieceBytes) {
      await connection.send(packets(stream, chunk.subarray(at, at + flatendLimits.pieceBytes)));
    }
  }
}

function packets(stream: number, piece: Uint8Array<ArrayBuffer>): Uint8Array[] {
  const packets: Uint8Array[] = [];
  for (let at = 0; at < piece.byteLength; at += DATA_BYTES) {
    packets.push(writePacket({ type: "data", stream, bytes: piece.subarray(at, at + DATA_BYTES) }));
  }
  return packets;
}
