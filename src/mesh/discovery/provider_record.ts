/** What a provider says of itself, signed: so it may come from anybody. */

import { ByteReader, MalformedError } from "../../bytes/byte_reader.ts";
import { ByteWriter } from "../../bytes/byte_writer.ts";
import { concat } from "../../bytes/source.ts";
import { type Reach, readReach, writeReach } from "../contact.ts";
import { SIGNATURE_BYTES } from "../identity.ts";
import { meshLimits } from "../limits.ts";
import type { NodeId } from "../node_id.ts";
import { checkServiceName, checkServiceVersion, isServiceName, isServiceVersion } from "../service_name.ts";

/** A node offers a service, or does no longer. */
export interface ProviderRecord {
  /** Who offers it, and where: an id and a version make one offer. */
  readonly reach: Reach;
  /** The service's name. */
  readonly service: string;
  /** Its version (semver.org), empty where it has none. */
  readonly version: string;
  /** When the record was made, milliseconds since 1970. */
  readonly issuedMs: number;
  /** When it runs out. */
  readonly expiresMs: number;
  /** Of two records for one offer the one with the higher number holds. */
  readonly sequence: number;
  /** True when it is offered no more: keeps earlier records from coming back. */
  readonly isWithdrawn: boolean;
}

/** A record as it travels. */
export interface SignedRecord extends ProviderRecord {
  /** Who signed it: `reach.id`. */
  readonly provider: NodeId;
  /** All of it, with the signature. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Whoever has a private key of Ed25519. */
export interface Signer {
  readonly id: NodeId;
  sign(bytes: Uint8Array): Uint8Array;
}

/** Tells whether the holder of an id's private key signed these bytes. */
export type Verify = (id: NodeId, bytes: Uint8Array, signature: Uint8Array) => boolean;

const FORMAT = 1;
/** Stands before what is signed: no signature for anything else can be used as one of a record. */
const DOMAIN = new TextEncoder().encode("sluice provider record 1\0");

/**
 * Signs a record.
 *
 * @throws {TypeError} for a name or a version that is none
 * @throws {RangeError} when its addresses are too long
 */
export function signRecord(record: ProviderRecord, signer: Signer): SignedRecord {
  checkServiceName(record.service);
  checkServiceVersion(record.version);
  if (record.reach.id !== signer.id) throw new TypeError("Cannot sign a record of another node");
  const writer = new ByteWriter(512).u8(FORMAT).u8(record.isWithdrawn ? 1 : 0);
  writer.text8(record.service).text8(record.version);
  writer.u53(record.issuedMs).u53(record.expiresMs).u53(record.sequence);
  writeReach(writer, record.reach);
  writer.bytes(signer.sign(signed(writer.done())));
  if (writer.length > meshLimits.recordBytes) {
    throw new RangeError(`Cannot tell of addresses of ${writer.length} bytes: ${meshLimits.recordBytes} are the most`);
  }
  return { ...record, provider: signer.id, bytes: writer.done().slice() };
}

/**
 * Reads a record, of which nothing is believed before {@linkcode isSigned} and {@linkcode lifeOf} have been asked.
 *
 * @throws {MalformedError} when it is none
 */
export function readRecord(bytes: Uint8Array<ArrayBuffer>): SignedRecord {
  if (bytes.byteLength > meshLimits.recordBytes) throw new MalformedError("A record is too long");
  const reader = new ByteReader(bytes);
  if (reader.u8() !== FORMAT) throw new MalformedError("A record has an unknown format");
  const flags = reader.u8();
  if (flags > 1) throw new MalformedError("A record has unknown flags");
  const [service, version] = [reader.text8(), reader.text8()];
  if (!isServiceName(service)) throw new MalformedError("The name of a service is none");
  if (!isServiceVersion(version)) throw new MalformedError("The version of a service is none");
  const [issuedMs, expiresMs, sequence] = [reader.u53(), reader.u53(), reader.u53()];
  const lifetimeMs = expiresMs - issuedMs;
  if (lifetimeMs <= 0 || lifetimeMs > meshLimits.recordMsMost) {
    throw new MalformedError("A record holds for no time, or for too long");
  }
  const reach = readReach(reader);
  reader.bytes(SIGNATURE_BYTES);
  reader.end();
  return {
    provider: reach.id,
    reach,
    service,
    version,
    issuedMs,
    expiresMs,
    sequence,
    isWithdrawn: flags === 1,
    bytes: bytes.slice(), // what it came in may be much longer
  };
}

/** True when the provider itself made this record. */
export function isSigned({ provider, bytes }: SignedRecord, verify: Verify): boolean {
  const end = bytes.byteLength - SIGNATURE_BYTES;
  return verify(provider, signed(bytes.subarray(0, end)), bytes.subarray(end));
}

/**
 * How long a record will hold, milliseconds; or why it doesn't.
 *
 * @param timesMs what time it may be, the best guess first: one at which the record holds is enough
 */
export function lifeOf(
  { issuedMs, expiresMs }: ProviderRecord,
  timesMs: readonly number[],
): number | "future" | "expired" {
  for (const now of timesMs) {
    if (issuedMs <= now + meshLimits.recordSkewMs && now < expiresMs) return expiresMs - Math.max(now, issuedMs);
  }
  return issuedMs > timesMs[0] ? "future" : "expired";
}

function signed(record: Uint8Array<ArrayBuffer>): Uint8Array {
  return concat([DOMAIN, record]);
}
