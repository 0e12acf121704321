/** Many nodes in one process: `mesh_crowd.ts`. */

import { systemClock } from "../../../src/mesh/clock.ts";
import { type Identity, newIdentity } from "../../../src/mesh/identity.ts";
import { Greeter } from "../../../src/mesh/node/greeter.ts";
import { meshLimits } from "../../../src/mesh/limits.ts";
import type { MeshNode } from "../../../src/mesh/node/mesh_node.ts";
import type { Session, SessionHandler } from "../../../src/mesh/session/session.ts";
import { startNode } from "../../../src/mesh/start_node.ts";
import { dialLink } from "../../../src/mesh/transport/dial_link.ts";
import { takeOrders } from "./mesh_orders.mjs";

/** Handshakes, or nodes that start, at a time. */
const AT_ONCE = 16;

/** Who greets; each does so once. */
const strangers: Identity[] = [];
const members: MeshNode[] = [];
const handler: SessionHandler = { onStream: () => {}, onAsk: () => new Uint8Array(0), onClose: () => {} };

/** A session with the node at an address. */
async function open(address: string, identity: Identity): Promise<Session> {
  const options = { networkKey: undefined, allow: undefined, insecure: false, clock: systemClock };
  const greeter = new Greeter({ ...options, identity });
  const link = await dialLink(address);
  return greeter.session(link, await greeter.greet(link, true, new AbortController().signal), true, handler);
}

/** Makes those who greet, which is no part of a handshake. */
function prepare(count: number): void {
  while (strangers.length < count) strangers.push(newIdentity());
}

/** New nodes greet one for some time, some at once; each leaves at once. */
async function handshakes(address: string, ms: number): Promise<{ count: number; ms: number }> {
  let count = 0;
  const began = performance.now();
  await atOnce(function* () {
    while (performance.now() - began < ms) yield strangers.pop() ?? newIdentity();
  }, async (identity) => {
    const session = await open(address, identity);
    session.close();
    await session.closed;
    count++;
  });
  return { count, ms: performance.now() - began };
}

/** Nodes join by one, and stay. */
async function join(address: string, count: number): Promise<void> {
  await atOnce(() => Array(count).keys(), async () => {
    const node = await startNode({ join: address });
    // A busy machine takes longer than a node waits for at its start.
    if (node.sessions === 0) await new Promise((resolve) => node.addEventListener("join", resolve, { once: true }));
    members.push(node);
  });
}

/** Does the work for each, some at a time. */
async function atOnce<T>(all: () => IterableIterator<T>, work: (one: T) => Promise<void>): Promise<void> {
  const rest = all();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let next = rest.next(); !next.done; next = rest.next()) await work(next.value);
  }));
}

/** What one more node takes to join, and to have an answer of a service that it has never called. */
export interface Newcomer {
  readonly joinMs: number;
  readonly callMs: number;
}

/** Makes a mesh in which each node offers a service of its own, and lets others come, one after the other. */
async function newcomers(nodes: number, count: number): Promise<Newcomer[]> {
  await using stack = new AsyncDisposableStack();
  const mesh: MeshNode[] = [];
  const start = async () => {
    const { addresses } = mesh[Math.floor(Math.random() * mesh.length)] ?? {};
    mesh.push(stack.use(await startNode({ listen: "127.0.0.1:0", join: addresses })));
  };
  await start();
  await atOnce(() => Array(nodes - 1).keys(), start);
  await Promise.all(mesh.map((node, i) => offered(node, `service${i}`)));
  const seen: Newcomer[] = [];
  for (let i = 0; i < count; i++) seen.push(await newcomer(mesh));
  return seen;
}

/** Offers a service, again until as many know of it as keep a record: nodes that have just begun know few others. */
async function offered(node: MeshNode, service: string): Promise<void> {
  for (let keepers = 0; keepers < meshLimits.bucketNodes;) {
    const told = new Promise<number>((resolve) => {
      node.addEventListener("announce", ({ detail }) => resolve(detail.keepers), { once: true });
    });
    node.offer(service, () => new Response(service));
    keepers = await told;
  }
}

async function newcomer(mesh: readonly MeshNode[]): Promise<Newcomer> {
  const any = () => Math.floor(Math.random() * mesh.length);
  const service = `service${any()}`;
  const began = performance.now();
  await using node = await startNode({ listen: "127.0.0.1:0", join: mesh[any()].addresses });
  const joined = performance.now();
  const response = await node.fetch(service, new Request("http://service/"));
  const text = await response.text();
  const answered = performance.now();
  if (text !== service) throw new Error(`Wrong answer: ${response.status} ${text}`);
  return { joinMs: joined - began, callMs: answered - joined };
}

await takeOrders(null, { prepare, handshakes, join, newcomers });
