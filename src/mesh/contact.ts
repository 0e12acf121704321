/** How a node is reached, as nodes tell each other. Nothing of it is believed before it has been dialled. */

import { type ByteReader, MalformedError } from "../bytes/byte_reader.ts";
import type { ByteWriter } from "../bytes/byte_writer.ts";
import { meshLimits } from "./limits.ts";
import { type NodeId, nodeIdOf, PUBLIC_KEY_BYTES, publicKeyOf } from "./node_id.ts";

/** A node that can be dialled. */
export interface Contact {
  readonly id: NodeId;
  /** `tcp://HOST:PORT`, `ws://HOST:PORT/PATH` or `wss://...`, the best first; none where it listens nowhere. */
  readonly addresses: readonly string[];
}

/** A node, and who passes calls on to it where it can't be dialled. */
export interface Reach extends Contact {
  /** Nodes that keep a session with it. */
  readonly relays: readonly Contact[];
}

/** Printable ASCII: addresses stand in logs. */
const ADDRESS = /^(?:tcp|wss?):\/\/[\x21-\x7e]+$/;

/** The host of an address, between the scheme and the port: `1.2.3.4`, `::1` without its brackets, or a name; empty for none. */
export function hostOf(address: string): string {
  const [, bracketed, plain] = /^[a-z]+:\/\/(?:\[([^\]]*)\]|([^:\/]*))/.exec(address) ?? [];
  return bracketed ?? plain ?? "";
}

/** Writes a contact: key, number of addresses, each behind its length. */
export function writeContact(writer: ByteWriter, { id, addresses }: Contact): void {
  writer.bytes(publicKeyOf(id)).u8(addresses.length);
  for (const address of addresses) writer.text16(address);
}

/** Reads one. */
export function readContact(reader: ByteReader): Contact {
  const id = nodeIdOf(reader.bytes(PUBLIC_KEY_BYTES));
  const addresses = readList(reader, meshLimits.addresses, () => {
    const address = reader.text16();
    if (address.length > meshLimits.addressBytes || !ADDRESS.test(address)) {
      throw new MalformedError("An address is none, or is too long");
    }
    return address;
  });
  return { id, addresses };
}

/** Writes a node with its relays. */
export function writeReach(writer: ByteWriter, reach: Reach): void {
  writeContact(writer, reach);
  writer.u8(reach.relays.length);
  for (const relay of reach.relays) writeContact(writer, relay);
}

/** Reads one. */
export function readReach(reader: ByteReader): Reach {
  const contact = readContact(reader);
  return { ...contact, relays: readList(reader, meshLimits.relays, () => readContact(reader)) };
}

/** A list behind its length of one byte. */
export function readList<Item>(reader: ByteReader, most: number, read: () => Item): Item[] {
  const count = reader.u8();
  if (count > most) throw new MalformedError(`A list has ${count} entries, where ${most} are allowed`);
  return Array.from({ length: count }, read);
}
