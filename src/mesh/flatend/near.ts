/** Which nodes are near a key: distances are the exclusive or of keys, as in Kademlia. */

import { Buffer } from "node:buffer";
import type { FlatendId } from "./flatend_id.ts";

/** Nodes in one answer of flatend's. */
const NEAR_MAX = 16;

/**
 * The nodes nearest to a key, the nearest first, each once; whoever has that very key knows itself.
 *
 * @param asker the key of whoever asks, who is not told of itself either
 */
export function near(ids: Iterable<FlatendId>, target: Uint8Array, asker: Uint8Array | undefined): FlatendId[] {
  const found = new Map<string, { id: FlatendId; distance: Buffer }>();
  for (const id of ids) {
    const isSelf = Buffer.compare(id.publicKey, target) === 0 || asker && Buffer.compare(id.publicKey, asker) === 0;
    if (isSelf || id.port === 0) continue;
    found.set(Buffer.from(id.publicKey).toString("hex"), { id, distance: distanceOf(id.publicKey, target) });
  }
  return [...found.values()].sort((a, b) => Buffer.compare(a.distance, b.distance)).slice(0, NEAR_MAX)
    .map(({ id }) => id);
}

function distanceOf(a: Uint8Array, b: Uint8Array): Buffer {
  return Buffer.from(a.map((byte, i) => byte ^ b[i]));
}
