/** Nodes that can be dialled, as discovery handles them. */

import { ByteReader, MalformedError } from "../../bytes/byte_reader.ts";
import { ByteWriter } from "../../bytes/byte_writer.ts";
import { type Contact, readContact, writeContact } from "../contact.ts";
import { meshLimits } from "../limits.ts";
import { type NodeId, placeOfNode } from "../node_id.ts";
import { networksOf } from "./networks.ts";
import { headOf, type Placed } from "./place.ts";

/** A contact with its place, and the bytes as which it travels: both are needed often, and cost more than all the rest. */
export class Peer implements Contact, Placed {
  readonly id: NodeId;
  readonly addresses: readonly string[];
  readonly place: Uint8Array<ArrayBuffer>;
  readonly head: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What {@linkcode networksOf} says. */
  readonly networks: readonly number[];

  constructor({ id, addresses }: Contact, bytes: Uint8Array<ArrayBuffer>) {
    this.id = id;
    this.addresses = addresses;
    this.place = placeOfNode(id);
    this.head = headOf(this.place);
    this.bytes = bytes;
    this.networks = networksOf(addresses);
  }
}

/** True for one node at the same addresses. */
export function isSamePeer(a: Peer, b: Peer): boolean {
  return a === b || areSame(a.bytes, b.bytes);
}

/** True for the same bytes. */
export function areSame(a: Uint8Array, b: Uint8Array): boolean {
  return isPart(a, b, 0, b.byteLength);
}

/** How many of some peers are in a network. */
export function countIn(peers: readonly Peer[], network: number): number {
  let count = 0;
  for (const peer of peers) if (peer.networks.includes(network)) count++;
  return count;
}

/**
 * Parses contacts, and remembers them: nearly all that come in answers came before. Of two whose keys begin with the same
 * 32 bits the later one is remembered, so that nobody can make it slow by choosing keys. Several nodes of one process may
 * share one.
 */
export class PeerBook {
  readonly #most: number;
  readonly #known = new Map<number, Peer>();
  /** Of contacts that come as objects, again and again the same ones: those of sessions. */
  readonly #ofContacts = new WeakMap<Contact, Peer>();

  /** @param most peers that are remembered */
  constructor(most: number = meshLimits.contactsKnown) {
    this.#most = most;
  }

  /** The peer of a contact, with as many of its addresses as there is room for. */
  peerOf(contact: Contact): Peer {
    if (contact instanceof Peer) return contact;
    const known = this.#ofContacts.get(contact);
    if (known) return known;
    const peer = this.#written(contact.id, contact.addresses);
    this.#ofContacts.set(contact, peer);
    return peer;
  }

  #written(id: NodeId, addresses: readonly string[]): Peer {
    const writer = new ByteWriter();
    writeContact(writer, { id, addresses });
    if (writer.length > meshLimits.contactBytes) return this.#written(id, addresses.slice(0, -1));
    return this.read(writer.done(), 0, writer.length);
  }

  /** Reads one from a part of some bytes. @throws {MalformedError} when it is none */
  read(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): Peer {
    const known = this.#known.get(slotOf(bytes, start));
    if (known && isPart(known.bytes, bytes, start, end)) return known;
    if (end - start > meshLimits.contactBytes) throw new MalformedError("The addresses of a node are too long");
    const own = bytes.slice(start, end);
    const reader = new ByteReader(own);
    const contact = readContact(reader);
    reader.end();
    return this.#remember(new Peer(contact, own));
  }

  #remember(peer: Peer): Peer {
    if (this.#known.size >= this.#most) this.#known.clear();
    this.#known.set(slotOf(peer.bytes, 0), peer);
    return peer;
  }
}

function slotOf(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]) >>> 0;
}

function isPart(part: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (part.byteLength !== end - start) return false;
  for (let i = 0; i < part.byteLength; i++) if (part[i] !== bytes[start + i]) return false;
  return true;
}
