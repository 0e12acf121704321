/**
 * What flatend's nodes say to each other, as values: a packet is an opcode and a body, a reply to one is a body alone.
 * Read strictly: what is left over, too long or none of these is refused before anybody acts on it.
 */

import { ByteReader, MalformedError } from "../../bytes/byte_reader.ts";
import { ByteWriter } from "../../bytes/byte_writer.ts";
import { PUBLIC_KEY_BYTES } from "../node_id.ts";
import { type FlatendId, readId, writeId } from "./flatend_id.ts";
import { flatendLimits } from "./limits.ts";

/** Names and values in turn of what travels before a body. */
export type Fields = readonly (readonly [name: string, value: string])[];

/** Who a node is and what it offers. */
export interface Handshake {
  /** Undefined: it does not say. */
  readonly id: FlatendId | undefined;
  readonly services: readonly string[];
  /** Of {@linkcode signedBytes}; there with an id. */
  readonly signature: Uint8Array | undefined;
}

/** One packet. */
export type Packet =
  | { readonly type: "handshake"; readonly handshake: Handshake }
  /** The beginning of a request to the first of the services that is there; its body follows as data. */
  | { readonly type: "request"; readonly stream: number; readonly services: readonly string[]; readonly fields: Fields }
  /** The beginning of the answer; not handled: there is none of the services, and nothing follows. */
  | { readonly type: "response"; readonly stream: number; readonly handled: boolean; readonly fields: Fields }
  /** A piece of a body; its end when it is empty. */
  | { readonly type: "data"; readonly stream: number; readonly bytes: Uint8Array<ArrayBuffer> }
  /** Asks for nodes near a key. */
  | { readonly type: "find"; readonly target: Uint8Array };

/** A packet that begins a request or an answer. */
export type HeadPacket = Extract<Packet, { type: "request" | "response" }>;

/** The most that one packet has of a body: flatend's nodes in Go end the connection over more. */
export const DATA_BYTES = 2048;

/** What stands before them: opcode, stream, length. */
const DATA_HEAD_BYTES = 1 + 4 + 2;
/** Nodes in one answer. */
const FOUND_MAX = 16;
const SIGNATURE_BYTES = 64;
const OPCODES = { handshake: 0, request: 1, response: 2, data: 3, find: 4 } as const;

/** What a node signs: its id and the names of its services, as they travel but for their lengths. */
export function signedBytes(id: FlatendId, services: readonly string[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  writeId(writer, id);
  return writer.bytes(new TextEncoder().encode(services.join(""))).done();
}

/**
 * Writes a packet.
 *
 * @throws {RangeError} when a text or a list is longer than its length can say
 */
export function writePacket(packet: Packet): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(packet.type === "data" ? DATA_HEAD_BYTES + packet.bytes.byteLength : 512);
  writer.u8(OPCODES[packet.type]);
  if (packet.type === "handshake") writer.bytes(writeHandshake(packet.handshake));
  else if (packet.type === "find") writer.bytes(packet.target);
  else {
    writer.u32(packet.stream);
    if (packet.type === "data") writer.u16(packet.bytes.byteLength).bytes(packet.bytes);
    else writeHead(writer, packet);
  }
  return writer.done();
}

/**
 * Reads a packet.
 *
 * @throws {MalformedError} when it is none
 */
export function readPacket(bytes: Uint8Array<ArrayBuffer>): Packet {
  const reader = new ByteReader(bytes);
  const packet = readBody(reader.u8(), reader);
  reader.end();
  return packet;
}

/** Writes a handshake, which is its own reply. */
export function writeHandshake({ id, services, signature }: Handshake): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  writer.u8(id ? 1 : 0);
  if (id) writeId(writer, id);
  writeNames(writer, services);
  if (signature) writer.bytes(signature);
  return writer.done();
}

/** Reads one; as a reply it is all that there is. */
export function readHandshake(reader: ByteReader): Handshake {
  const id = readFlag(reader) ? readId(reader) : undefined;
  const services = readNames(reader);
  return { id, services, signature: id && reader.bytes(SIGNATURE_BYTES) };
}

/** Writes the nodes that were asked for. */
export function writeFound(ids: readonly FlatendId[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  writer.u8(Math.min(ids.length, FOUND_MAX));
  for (const id of ids.slice(0, FOUND_MAX)) writeId(writer, id);
  return writer.done();
}

/** Reads them. */
export function readFound(reader: ByteReader): FlatendId[] {
  const count = reader.u8();
  if (count > FOUND_MAX) throw new MalformedError(`An answer has ${count} nodes, where ${FOUND_MAX} are allowed`);
  return Array.from({ length: count }, () => readId(reader));
}

function readBody(opcode: number, reader: ByteReader): Packet {
  if (opcode === OPCODES.handshake) return { type: "handshake", handshake: readHandshake(reader) };
  if (opcode === OPCODES.find) return { type: "find", target: reader.bytes(PUBLIC_KEY_BYTES) };
  if (opcode > OPCODES.find) throw new MalformedError(`A packet has the unknown opcode ${opcode}`);
  const stream = reader.u32();
  if (opcode === OPCODES.request) {
    return { type: "request", stream, services: readNames(reader), fields: readFields(reader) };
  }
  if (opcode === OPCODES.response) {
    return { type: "response", stream, handled: readFlag(reader), fields: readFields(reader) };
  }
  const length = reader.u16();
  if (length > DATA_BYTES) throw new MalformedError(`A piece of a body has ${length} bytes, more than ${DATA_BYTES}`);
  return { type: "data", stream, bytes: reader.bytes(length) };
}

function writeHead(writer: ByteWriter, packet: HeadPacket): void {
  if (packet.type === "request") writeNames(writer, packet.services);
  else writer.u8(packet.handled ? 1 : 0);
  writer.u16(counted(packet.fields, 0xffff));
  for (const [name, value] of packet.fields) writer.text8(name).text16(value);
}

function readFields(reader: ByteReader): Fields {
  const count = reader.u16();
  if (count > flatendLimits.fields) {
    throw new MalformedError(`A packet has ${count} header fields, where ${flatendLimits.fields} are allowed`);
  }
  return Array.from({ length: count }, () => [reader.text8(), reader.text16()] as const);
}

function writeNames(writer: ByteWriter, names: readonly string[]): void {
  writer.u8(counted(names, 0xff));
  for (const name of names) writer.text8(name);
}

/** How long a list is. @throws {RangeError} when it is longer than its length can say */
function counted(list: readonly unknown[], most: number): number {
  if (list.length > most) {
    throw new RangeError(`Cannot write a list of ${list.length}: its length says ${most} at most`);
  }
  return list.length;
}

function readNames(reader: ByteReader): string[] {
  return Array.from({ length: reader.u8() }, () => reader.text8());
}

function readFlag(reader: ByteReader): boolean {
  const flag = reader.u8();
  if (flag > 1) throw new MalformedError(`A flag is ${flag}`);
  return flag === 1;
}
