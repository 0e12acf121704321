/** Why there is no answer from a mesh, and what to do about it. */

import { printable } from "../../bytes/printable.ts";
import { HttpError } from "../../errors.ts";
import { CallError } from "../../mesh/calls/call_error.ts";
import { parsePattern } from "../../mesh/choose/range.ts";
import { MeshError, type MeshErrorCode } from "../../mesh/mesh_error.ts";
import type { MeshNode } from "../../mesh/node/mesh_node.ts";

const OTHER_KEY = "give the mesh's own with --network-key or SLUICE_NETWORK_KEY";
const ADVICE: Partial<Record<MeshErrorCode, string>> = {
  handshake: OTHER_KEY,
  closed: OTHER_KEY,
  refused: "give a key with --key whose id is allowed there",
};

/**
 * Joins, by the first that answers.
 *
 * @throws {Error} that says of each address why not, and what to do
 */
export async function joinBy(node: MeshNode, addresses: readonly string[]): Promise<void> {
  const failures = new Map(addresses.map((address) => [address, `${address} says nothing`]));
  node.addEventListener("part", ({ detail }) => failures.set(detail.address, whyNot(detail.address, detail.error)));
  try {
    await node.start({ join: addresses });
    await node.joined();
  } catch (cause) {
    throw new Error(printable(`Cannot join the mesh: ${[...failures.values()].join("; ")}`), { cause });
  }
}

function whyNot(address: string, error: Error): string {
  const { message } = error;
  const advice = error instanceof MeshError ? ADVICE[error.code] : undefined;
  const named = message.includes(address) ? message : `${address}: ${message}`;
  return advice === undefined ? named : `${named}; ${advice}`;
}

/** The failure of a call in one line. */
export async function explain(error: unknown, service: string, node: MeshNode): Promise<unknown> {
  if (!(error instanceof HttpError)) return error;
  const why = error instanceof CallError ? error.message : await whyNobody(service, node) ?? error.message;
  const inner = error.cause instanceof MeshError ? ` (${error.cause.message})` : "";
  return new Error(printable(`Cannot call ${service}: ${why}${inner}`), { cause: error });
}

/** Nobody can list what a mesh offers, but the versions of one service are known. */
async function whyNobody(service: string, node: MeshNode): Promise<string | undefined> {
  const { name } = parsePattern(service);
  const found = await node.providersFor(name);
  if (found.length === 0) return `nobody in the mesh offers ${name}; look at its spelling, and whether its node runs`;
  if (name === service) return undefined;
  const versions = [...new Set(found.map(({ version }) => version || "one without version"))].sort();
  return `nobody offers such a version; there is ${versions.join(", ")}`;
}
