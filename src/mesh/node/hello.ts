/**
 * The first question on a session, by whoever has dialled: how the asker is reached, where it has found this node, and
 * whether it has joined the mesh by it. The answer says how the asker looks from outside.
 */

import { ByteReader, MalformedError } from "../../bytes/byte_reader.ts";
import { ByteWriter } from "../../bytes/byte_writer.ts";
import { readList } from "../contact.ts";
import { meshLimits } from "../limits.ts";

/** What is said. */
export interface Hello {
  /** Keep the session, and pass on to me what others send: I have joined the mesh by you. */
  readonly keep: boolean;
  /** Where I listen. A host that is unspecified, `tcp://0.0.0.0:9000`, is the one that you see me at. */
  readonly claims: readonly string[];
  /** Where I have reached you: the address as I was told it, and the one that it led to. */
  readonly reachedAt: readonly string[];
}

/** What is answered. */
export interface Welcome {
  /** The session is kept. */
  readonly keeps: boolean;
  /** The host that the asker is seen at; empty when it has none. */
  readonly host: string;
}

/** Addresses at which one node can have reached another by one session. */
const REACHED_AT = 2;

/** Writes what is said. */
export function writeHello({ keep, claims, reachedAt }: Hello): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().u8(keep ? 1 : 0);
  for (const list of [claims, reachedAt]) {
    writer.u8(list.length);
    for (const address of list) writer.text16(address);
  }
  return writer.done();
}

/** @throws {MalformedError} for what is none */
export function readHello(bytes: Uint8Array<ArrayBuffer>): Hello {
  const reader = new ByteReader(bytes);
  const keep = readFlag(reader);
  const claims = readList(reader, meshLimits.addresses, () => readAddress(reader));
  const reachedAt = readList(reader, REACHED_AT, () => readAddress(reader));
  reader.end();
  return { keep, claims, reachedAt };
}

/** Writes what is answered. */
export function writeWelcome({ keeps, host }: Welcome): Uint8Array<ArrayBuffer> {
  return new ByteWriter().u8(keeps ? 1 : 0).text16(host).done();
}

/** @throws {MalformedError} for what is none */
export function readWelcome(bytes: Uint8Array<ArrayBuffer>): Welcome {
  const reader = new ByteReader(bytes);
  const welcome = { keeps: readFlag(reader), host: readAddress(reader) };
  reader.end();
  return welcome;
}

/** Writes an address that is proven. */
export function writeAddress(address: string): Uint8Array<ArrayBuffer> {
  return new ByteWriter().text16(address).done();
}

/** Reads it. @throws {MalformedError} for what is none */
export function readOneAddress(bytes: Uint8Array<ArrayBuffer>): string {
  const reader = new ByteReader(bytes);
  const text = readAddress(reader);
  reader.end();
  return text;
}

function readFlag(reader: ByteReader): boolean {
  const flag = reader.u8();
  if (flag > 1) throw new MalformedError(`A flag is ${flag}`);
  return flag === 1;
}

function readAddress(reader: ByteReader): string {
  const text = reader.text16();
  if (text.length > meshLimits.addressBytes) throw new MalformedError("An address is too long");
  return text;
}
