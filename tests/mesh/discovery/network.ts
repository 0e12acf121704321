/** A few directories, and what is done with them. */

import type { Directory } from "../../../src/mesh/discovery/directory.ts";
import { readAnswer, writeQuestion } from "../../../src/mesh/discovery/messages.ts";
import { PeerBook } from "../../../src/mesh/discovery/peer.ts";
import type { ProviderRecord, SignedRecord } from "../../../src/mesh/discovery/provider_record.ts";
import { DirectoryNetwork, type DirectoryNode } from "../../support/mesh/directory_network.ts";
import { idOf } from "./made.ts";

/** A network of some nodes that have joined. */
export async function network(count: number, seed = 1): Promise<DirectoryNetwork> {
  const made = new DirectoryNetwork(seed, 10);
  await made.grow(count);
  return made;
}

/** A record reaches a directory, as from a stranger. @returns what becomes of it */
export function bring(to: Directory, { bytes }: SignedRecord, from = idOf(1)): string {
  const question = writeQuestion({ type: "addProvider", record: bytes });
  const { answer } = readAnswer(to.answer({ id: from }, question), new PeerBook());
  return answer.type === "addProvider" ? answer.verdict : answer.type;
}

/** What a node finds. */
export function finds(net: DirectoryNetwork, node: DirectoryNode, service: string): Promise<readonly ProviderRecord[]> {
  return net.clock.until(node.directory.findProviders(service));
}
