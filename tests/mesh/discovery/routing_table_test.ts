/** Tables against a plain list of nodes, and the rules of one bucket. */

import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import type { Peer } from "../../../src/mesh/discovery/peer.ts";
import { bitsInCommon, compareDistance, placeBeside, placed } from "../../../src/mesh/discovery/place.ts";
import { RoutingTable } from "../../../src/mesh/discovery/routing_table.ts";
import { meshLimits } from "../../../src/mesh/limits.ts";
import { randomFrom } from "../../support/random.ts";
import { peerOf } from "./made.ts";

const own = peerOf(0);
const { bucketNodes, bucketTrustMs, bucketRefreshMs } = meshLimits;
const HOUR = 3_600_000;

/** Nodes in one bucket of ours, with numbers from some on. */
function inBucket(index: number, count: number, first = 1, ...addresses: string[]): Peer[] {
  const peers: Peer[] = [];
  for (let number = first; peers.length < count; number++) {
    if (bitsInCommon(own, peerOf(number)) === index) peers.push(peerOf(number, ...addresses));
  }
  return peers;
}

/** Of each bucket, what a plain reading of the rules leaves in it. */
class PlainTable {
  readonly buckets = new Map<number, Peer[]>();
  readonly #spares = new Map<number, Peer[]>();

  saw(peer: Peer): void {
    const index = bitsInCommon(own, peer);
    const others = (this.buckets.get(index) ?? []).filter((other) => other !== peer);
    const isKnown = this.buckets.get(index)?.includes(peer);
    const spares = (this.#spares.get(index) ?? []).filter((other) => other !== peer);
    if (isKnown || others.length < bucketNodes) {
      this.buckets.set(index, [...others, peer]);
      this.#spares.set(index, spares);
    } else this.#spares.set(index, [...spares, peer].slice(-meshLimits.bucketSpares));
  }

  lost(peer: Peer): void {
    const index = bitsInCommon(own, peer);
    const before = this.buckets.get(index) ?? [];
    if (!before.includes(peer)) return;
    const spare = this.#spares.get(index)?.pop();
    this.buckets.set(index, [...spare ? [spare] : [], ...before.filter((other) => other !== peer)]);
  }

  closest(target: Peer): Peer[] {
    const all = [...this.buckets.values()].flat();
    return all.sort((a, b) => compareDistance(target, a, b)).slice(0, bucketNodes);
  }
}

Deno.test("a table has what a plain list would have, and names the nearest of them", () => {
  const step = fc.record({ number: fc.nat(400), isLost: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), fc.nat(2000), (steps, target) => {
      const [table, plain] = [new RoutingTable(own), new PlainTable()];
      for (const { number, isLost } of steps) {
        if (number === 0) continue;
        const peer = peerOf(number);
        if (isLost && number % 3 === 0) {
          table.lost(peer);
          plain.lost(peer);
        } else {
          table.saw(peer, 0);
          plain.saw(peer);
        }
      }
      equal(table.size, [...plain.buckets.values()].flat().length);
      deepEqual(ids(table.closest(peerOf(target))), ids(plain.closest(peerOf(target))));
      deepEqual(ids(table.closest(own)), ids(plain.closest(own)));
    }),
    { numRuns: 200 },
  );
});

Deno.test("distances are those of numbers of 256 bits", () => {
  const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const similar = fc.tuple(bytes, bytes, bytes, fc.nat(32)).map(([a, b, c, same]) => {
    b.set(a.subarray(0, same));
    c.set(a.subarray(0, same));
    return [a, b, c].map((place) => placed(new Uint8Array(place)));
  });
  const number = (place: Uint8Array) => place.reduce((sum, byte) => sum << 8n | BigInt(byte), 0n);
  fc.assert(fc.property(similar, ([target, a, b]) => {
    const [far, near] = [a, b].map(({ place }) => number(place) ^ number(target.place));
    equal(Math.sign(compareDistance(target, a, b)), far < near ? -1 : far > near ? 1 : 0);
    equal(bitsInCommon(target, a), far === 0n ? 256 : 256 - far.toString(2).length);
  }));
});

Deno.test("a place beside another one has just so many bits in common with it", () => {
  const random = randomFrom(1);
  for (let bits = 0; bits < 256; bits++) {
    equal(bitsInCommon(own, placeBeside(own, bits, () => random(2 ** 30) / 2 ** 30)), bits);
  }
});

Deno.test("a table never has its own node", () => {
  const table = new RoutingTable(own);
  equal(table.saw(own, 0), undefined);
  equal(table.size, 0);
  deepEqual(table.closest(own), []);
  equal(table.lost(own), false);
});

Deno.test("a full bucket asks for the oldest node to be pinged when that was not heard of for long", () => {
  const table = new RoutingTable(own);
  const [newcomer, ...nodes] = inBucket(0, bucketNodes + 1);
  for (const node of nodes) equal(table.saw(node, 0), undefined);
  equal(table.saw(newcomer, bucketTrustMs - 1), undefined);
  equal(table.saw(newcomer, bucketTrustMs), nodes[0]);
  equal(table.size, bucketNodes);
  // It answers: the next one is the oldest.
  table.saw(nodes[0], bucketTrustMs);
  equal(table.saw(newcomer, bucketTrustMs), nodes[1]);
  // That one does not.
  equal(table.lost(nodes[1]), true);
  equal(table.lost(nodes[1]), false);
  ok(table.closest(newcomer).includes(newcomer));
  equal(table.size, bucketNodes);
});

Deno.test("whoever comes into a bucket from those that waited is the next to be pinged", () => {
  const table = new RoutingTable(own);
  const [first, second, ...nodes] = inBucket(0, bucketNodes + 2);
  for (const node of [...nodes, first]) table.saw(node, 0);
  table.lost(nodes[3]);
  equal(table.saw(second, 1), first);
});

Deno.test("a node at another address is the same node, and is not lost at an address where it wasn't known", () => {
  const table = new RoutingTable(own);
  const [moved, before] = [peerOf(7, "tcp://10.0.0.1:1"), peerOf(7, "tcp://10.0.0.2:1", "tcp://10.0.0.3:1")];
  table.saw(before, 0);
  table.saw(peerOf(7, "tcp://10.0.0.3:1"), 0);
  deepEqual(table.closest(own), [before]); // reached at one of its addresses, it keeps the other
  table.saw(moved, 0);
  deepEqual(table.closest(own), [moved]);
  equal(table.lost(before), false);
  equal(table.lost(moved), true);
  equal(table.size, 0);
});

Deno.test("one network fills a bucket while nobody else is there, and makes room for others", () => {
  const table = new RoutingTable(own);
  const sybils = inBucket(0, 40).map((_, i) => inBucket(0, i + 1).at(-1)!)
    .map((peer, i) => peerOf(numberOf(peer), `tcp://198.51.100.${i}:9000`));
  const others = inBucket(0, 30, 1000).map((peer, i) => peerOf(numberOf(peer), `tcp://203.0.${i}.1:9000`));
  for (const sybil of sybils) table.saw(sybil, 0);
  equal(table.size, bucketNodes);
  for (const other of others) table.saw(other, 0);
  const inTable = table.closest(own);
  equal(inTable.length, bucketNodes);
  equal(inTable.filter((peer) => sybils.includes(peer)).length, meshLimits.bucketNetworkNodes);
  // They don't come back, and nobody is pinged for them.
  for (const sybil of sybils.slice(2)) equal(table.saw(sybil, HOUR), undefined);
  for (const other of others) table.lost(other);
  ok(table.closest(own).filter((peer) => sybils.includes(peer)).length <= meshLimits.bucketNetworkNodes);
});

Deno.test("any number of nodes on private networks and on one machine have their place", () => {
  for (const host of ["127.0.0.1", "192.168.1.5", "[fd00::1]"]) {
    const table = new RoutingTable(own);
    const nodes = inBucket(0, bucketNodes).map((peer, i) => peerOf(numberOf(peer), `tcp://${host}:${9000 + i}`));
    for (const node of nodes) table.saw(node, 0);
    const other = peerOf(numberOf(inBucket(0, 1, 5000)[0]), "tcp://203.0.113.1:9000");
    table.saw(other, 0);
    deepEqual(new Set(table.closest(own)), new Set(nodes), host);
  }
});

Deno.test("a bucket is looked through when no lookup was made in it for an hour, empty ones before others too", () => {
  const table = new RoutingTable(own);
  const [far] = inBucket(0, 1);
  const [near] = inBucket(3, 1);
  table.saw(far, 0);
  table.saw(near, 0);
  deepEqual(table.due(1), [1, 2]);
  deepEqual(table.due(bucketRefreshMs), [0, 1, 2, 3]);
  table.touch(far, bucketRefreshMs);
  table.touch(placeBeside(own, 1, () => 0), bucketRefreshMs);
  deepEqual(table.due(2 * bucketRefreshMs - 1), [2, 3]);
});

Deno.test("a hundred thousand nodes are seen and looked for in no time", () => {
  const table = new RoutingTable(own);
  const peers = Array.from({ length: 1000 }, (_, i) => peerOf(i + 1));
  const start = performance.now();
  for (let i = 0; i < 100_000; i++) {
    table.saw(peers[i % 1000], i);
    table.closest(peers[(i * 7) % 1000]);
  }
  ok(performance.now() - start < 10_000, "each takes more than 100 µs");
});

const numbers = new Map(Array.from({ length: 10_000 }, (_, number) => [peerOf(number).id, number]));

function numberOf({ id }: Peer): number {
  return numbers.get(id)!;
}

function ids(peers: readonly Peer[]): string[] {
  return peers.map(({ id }) => id);
}
