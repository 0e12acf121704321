/** Nodes and records for tests. */

import { createHash } from "node:crypto";
import { type Peer, PeerBook } from "../../../src/mesh/discovery/peer.ts";
import { type ProviderRecord, type SignedRecord, signRecord } from "../../../src/mesh/discovery/provider_record.ts";
import { type Identity, newIdentity } from "../../../src/mesh/identity.ts";
import { nodeIdOf } from "../../../src/mesh/node_id.ts";

/** When the tests' records are made. */
export const BEGIN = Date.parse("2026-01-01T00:00:00Z");
export const MINUTE = 60_000;

const book = new PeerBook(10_000);

/** The id with a number: nobody has its key. */
export function idOf(number: number): string {
  return nodeIdOf(new Uint8Array(createHash("sha256").update(`node ${number}`).digest()));
}

/** A node with a number, on a private network unless told otherwise. */
export function peerOf(number: number, ...addresses: string[]): Peer {
  const own = `tcp://10.${number >> 16}.${number >> 8 & 0xff}.${number & 0xff}:9000`;
  return book.peerOf({ id: idOf(number), addresses: addresses.length > 0 ? addresses : [own] });
}

/** What differs from a good record. */
export type Changes = Partial<ProviderRecord>;

/** A good record. */
export function recordOf(changes: Changes = {}, signer: Identity = newIdentity()): SignedRecord {
  const issuedMs = changes.issuedMs ?? BEGIN;
  const record: ProviderRecord = {
    reach: { id: signer.id, addresses: ["tcp://192.0.2.1:9000"], relays: [] },
    service: "resize",
    version: "1.2.0",
    issuedMs,
    expiresMs: issuedMs + 30 * MINUTE,
    sequence: 1,
    isWithdrawn: false,
    ...changes,
  };
  return signRecord(record, signer);
}
