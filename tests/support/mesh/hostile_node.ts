/** Nodes that lie: each in another way, and some in all. */

import { MalformedError } from "../../../src/bytes/byte_reader.ts";
import type { Contact } from "../../../src/mesh/contact.ts";
import { type Answer, type Question, readQuestion, writeAnswer } from "../../../src/mesh/discovery/messages.ts";
import { type ProviderRecord, signRecord } from "../../../src/mesh/discovery/provider_record.ts";
import type { Peer } from "../../../src/mesh/discovery/peer.ts";
import { bitsInCommon, placed } from "../../../src/mesh/discovery/place.ts";
import { type NodeId, nodeIdOf, placeOfService, PUBLIC_KEY_BYTES } from "../../../src/mesh/node_id.ts";
import type { Answering, DirectoryNetwork, DirectoryNode } from "./directory_network.ts";

/** So near that among a thousand nodes hardly one of the others is. */
const SYBIL_BITS = 10;

/** A lie: what is answered to a question. */
type Lie = (question: Question) => Uint8Array<ArrayBuffer> | undefined;

/** A node that had joined as all do answers nothing but lies from now on. */
export function turnHostile(node: DirectoryNode, network: DirectoryNetwork): void {
  const lies = liesOf(node, network);
  const usual = network.random() < 0.2 ? undefined : network.pick(lies);
  const answer: Answering = (_from, bytes) => {
    try {
      return (usual ?? network.pick(lies))(readQuestion(bytes));
    } catch (error) {
      if (error instanceof MalformedError) return undefined;
      throw error;
    }
  };
  node.answer = answer;
}

/**
 * Plugs in machines of a few networks whose ids are nearer to a service's place than nearly all others. They know only each
 * other, and keep nothing of what they take.
 */
export function plugSybils(network: DirectoryNetwork, service: string, count: number, networks: number): Peer[] {
  const { book, random, clock } = network;
  const target = placed(placeOfService(service));
  const sybils: Peer[] = [];
  while (sybils.length < count) {
    const host = `198.51.${sybils.length % networks}.${sybils.length}`;
    const sybil = book.peerOf({ id: inventedId(random), addresses: [`tcp://${host}:9000`] });
    if (bitsInCommon(target, sybil) >= SYBIL_BITS) sybils.push(sybil);
  }
  const answer: Answering = (_from, bytes) => {
    const { type } = readQuestion(bytes);
    const peers = Array.from({ length: 16 }, () => network.pick(sybils));
    const write = (answer: Answer) => writeAnswer({ wallMs: clock.wallMs(), answer });
    if (type === "findNode") return write({ type, peers });
    if (type === "findProviders") return write({ type, peers, records: [] });
    return write(type === "ping" ? { type } : { type, verdict: "accepted" });
  };
  for (const contact of sybils) network.plug({ contact, isAlive: true, side: 0, answer });
  return sybils;
}

function inventedId(random: () => number): NodeId {
  return nodeIdOf(Uint8Array.from({ length: PUBLIC_KEY_BYTES }, () => Math.floor(256 * random())));
}

function liesOf(node: DirectoryNode, network: DirectoryNetwork): readonly Lie[] {
  const { random, book, clock } = network;
  const write = (answer: Answer) => writeAnswer({ wallMs: clock.wallMs() + 1e11 * (random() - 0.5), answer });
  const names = (contact: () => Contact): Lie => ({ type }) => {
    const peers = Array.from({ length: 16 }, () => book.peerOf(contact()));
    if (type === "findNode") return write({ type, peers });
    if (type === "findProviders") return write({ type, peers, records: [] });
    return write(type === "ping" ? { type } : { type, verdict: "accepted" });
  };
  const address = () => `tcp://198.18.${Math.floor(256 * random())}.${Math.floor(256 * random())}:9000`;
  const garbage: Lie = () => Uint8Array.from({ length: Math.floor(300 * random()) }, () => Math.floor(256 * random()));
  const offers = (record: (service: string) => Uint8Array<ArrayBuffer>): Lie => (question) => {
    const { type } = question;
    if (type !== "findProviders") return names(() => node.contact)(question);
    return write({ type, peers: [], records: [record(question.service)] });
  };
  return [
    () => undefined,
    garbage,
    names(() => ({ id: inventedId(random), addresses: [address()] })),
    names(() => ({ id: network.pick(network.nodes).contact.id, addresses: [address()] })),
    names(() => ({ id: inventedId(random), addresses: network.pick(network.nodes).contact.addresses })),
    offers((service) => forged(service, node, network)),
    offers(() => signedOf("another-service", node, network)),
    offers((service) => signedOf(service, node, network, -3_600_000)),
  ];
}

/** A record that looks as if another node had made it. */
function forged(service: string, node: DirectoryNode, network: DirectoryNetwork): Uint8Array<ArrayBuffer> {
  const { id } = network.pick(network.nodes).contact;
  const reach = { id, addresses: node.contact.addresses, relays: [] };
  return signRecord(recordOf(service, reach, network.clock.wallMs()), { ...node.signer, id }).bytes;
}

function signedOf(
  service: string,
  node: DirectoryNode,
  { clock }: DirectoryNetwork,
  aheadMs = 0,
): Uint8Array<ArrayBuffer> {
  return signRecord(recordOf(service, node.reach, clock.wallMs() + aheadMs), node.signer).bytes;
}

function recordOf(service: string, reach: ProviderRecord["reach"], issuedMs: number): ProviderRecord {
  const expiresMs = issuedMs + 1_800_000;
  return { service, reach, issuedMs, expiresMs, version: "", sequence: issuedMs, isWithdrawn: false };
}
