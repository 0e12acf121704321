/** How flatend's nodes name each other: by an Ed25519 key and the address at which they say that they listen. */

import { isIP, isIPv4 } from "node:net";
import { type ByteReader, MalformedError } from "../../bytes/byte_reader.ts";
import type { ByteWriter } from "../../bytes/byte_writer.ts";
import { PUBLIC_KEY_BYTES } from "../node_id.ts";

/** A node. */
export interface FlatendId {
  readonly publicKey: Uint8Array;
  /** An IP address: the wire has no names. */
  readonly host: string;
  readonly port: number;
}

const IPV4 = 0;
const IPV6 = 1;
const GROUPS = 8;

/** Writes one: key, kind of address, address, port. */
export function writeId(writer: ByteWriter, { publicKey, host, port }: FlatendId): void {
  writer.bytes(publicKey);
  if (isIPv4(host)) writer.u8(IPV4).bytes(Uint8Array.from(host.split("."), Number));
  else {
    writer.u8(IPV6);
    for (const group of groupsOf(host)) writer.u16(group);
  }
  writer.u16(port);
}

/** Reads one. */
export function readId(reader: ByteReader): FlatendId {
  const publicKey = reader.bytes(PUBLIC_KEY_BYTES).slice();
  const kind = reader.u8();
  if (kind !== IPV4 && kind !== IPV6) throw new MalformedError(`An address is of kind ${kind}`);
  const host = kind === IPV4 ? reader.bytes(4).join(".") : unmapped(readGroups(reader));
  return { publicKey, host, port: reader.u16() };
}

/** An IPv4 address as such, where it came as one of IPv6. */
export function unmapped(host: string): string {
  const found = /^::ffff:(.+)$/i.exec(host)?.[1];
  if (found === undefined || isIPv4(found)) return found ?? host;
  const [high, low] = groupsOf(host).slice(-2);
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
}

/** True for an address that says no more than "here". */
export function isUnspecified(host: string): boolean {
  return host === "0.0.0.0" || isIP(host) === 6 && groupsOf(host).every((group) => group === 0);
}

function readGroups(reader: ByteReader): string {
  const groups = Array.from({ length: GROUPS }, () => reader.u16().toString(16)).join(":");
  return new URL(`http://[${groups}]`).hostname.slice(1, -1); // in the form of RFC 5952
}

/** The eight numbers of an IPv6 address. */
function groupsOf(host: string): number[] {
  const [head, tail] = new URL(`http://[${host}]`).hostname.slice(1, -1).split("::")
    .map((part) => part === "" ? [] : part.split(":").map((group) => parseInt(group, 16)));
  return tail === undefined ? head : [...head, ...Array(GROUPS - head.length - tail.length).fill(0), ...tail];
}
