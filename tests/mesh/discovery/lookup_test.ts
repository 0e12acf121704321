import { deepEqual, equal, ok } from "node:assert/strict";
import { Lookup, type LookupOptions, type LookupResult } from "../../../src/mesh/discovery/lookup.ts";
import type { Peer } from "../../../src/mesh/discovery/peer.ts";
import { compareDistance } from "../../../src/mesh/discovery/place.ts";
import { meshLimits } from "../../../src/mesh/limits.ts";
import { VirtualClock } from "../../support/mesh/virtual_clock.ts";
import { peerOf } from "./made.ts";

const own = peerOf(9999);
const target = peerOf(5000);
const nodes = Array.from({ length: 300 }, (_, i) => peerOf(i)).sort((a, b) => compareDistance(target, a, b));
const nearest = nodes.slice(0, meshLimits.bucketNodes);

/** What nodes do: name others, fail, or take their time. */
type World = (peer: Peer, asked: number) => readonly Peer[] | undefined | Promise<readonly Peer[]>;

/** A node names some that are about twice as near, and those beside it. */
const honest = (peer: Peer): readonly Peer[] => {
  const at = nodes.indexOf(peer);
  const around = (middle: number) => nodes.slice(Math.max(0, middle - 4), middle + 4);
  return [...around(at >> 1), ...around(at)];
};

interface Run extends LookupResult {
  readonly asked: readonly Peer[];
  readonly tookMs: number;
  readonly mostAtOnce: number;
}

async function look(world: World, options: Partial<LookupOptions> = {}): Promise<Run> {
  const clock = new VirtualClock(1);
  const asked: Peer[] = [];
  let [atOnce, mostAtOnce] = [0, 0];
  const lookup = new Lookup({
    target,
    own: own.id,
    first: nodes.slice(-3),
    clock,
    ask: async (peer) => {
      asked.push(peer);
      mostAtOnce = Math.max(mostAtOnce, ++atOnce);
      try {
        const named = world(peer, asked.length);
        if (!named) throw new Error("It says nothing");
        await new Promise<void>((resolve) => clock.after(10, resolve));
        return await named;
      } finally {
        atOnce--;
      }
    },
    ...options,
  });
  let tookMs = 0;
  const result = await clock.until(lookup.run().finally(() => tookMs = clock.nowMs()));
  return { ...result, asked, tookMs, mostAtOnce };
}

const never = new Promise<readonly Peer[]>(() => {});

Deno.test("a lookup finds the sixteen nearest nodes, three questions at a time", async () => {
  const { closest, asked, questions, mostAtOnce, failures, hops } = await look(honest);
  deepEqual(closest, nearest);
  equal(questions, asked.length);
  equal(new Set(asked).size, asked.length);
  ok(questions < 40, `${questions} questions`);
  equal(mostAtOnce, meshLimits.lookupParallel);
  equal(failures, 0);
  ok(hops >= 2 && hops <= 10, `${hops} hops`);
});

Deno.test("a lookup ends when enough was found", async () => {
  let answers = 0;
  const world: World = (peer, asked) => {
    answers = asked;
    return honest(peer);
  };
  const { questions } = await look(world, { isEnough: () => answers >= 4 });
  ok(questions <= 6);
});

Deno.test("a lookup that knows nobody ends at once", async () => {
  const { closest, questions, hops } = await look(honest, { first: [] });
  deepEqual([closest, questions, hops], [[], 0, 0]);
  const failed = await look(() => undefined);
  deepEqual([failed.closest, failed.failures], [[], 3]);
});

Deno.test("nodes that fail are left out, and those behind them are found all the same", async () => {
  const isDead = (peer: Peer) => nodes.indexOf(peer) % 3 === 1;
  const { closest } = await look((peer) => isDead(peer) ? undefined : honest(peer));
  deepEqual(closest, nodes.filter((peer) => !isDead(peer)).slice(0, meshLimits.bucketNodes));
});

Deno.test("nodes that say nothing are not waited for", async () => {
  const isSilent = (peer: Peer) => nodes.indexOf(peer) % 4 === 0;
  const { closest, tookMs } = await look((peer) => isSilent(peer) ? never : honest(peer));
  deepEqual(closest, nodes.filter((peer) => !isSilent(peer)).slice(0, meshLimits.bucketNodes));
  ok(tookMs < 8 * meshLimits.lookupSlowMs, `${tookMs} ms`);
});

Deno.test("an answer that comes late is still taken", async () => {
  const clock = new VirtualClock(1);
  const late = Promise.withResolvers<readonly Peer[]>();
  const asked: Peer[] = [];
  const ask = (peer: Peer) => {
    asked.push(peer);
    if (peer === nodes[299]) return late.promise;
    return peer === nodes[0] ? Promise.resolve([]) : never;
  };
  const running = new Lookup({ target, own: own.id, first: [nodes[299]], clock, ask }).run();
  await clock.pass(10 * meshLimits.lookupSlowMs); // the only one that is known: it is waited for
  equal(asked.length, 1);
  late.resolve([nodes[0]]);
  deepEqual((await clock.until(running)).closest, [nodes[0], nodes[299]]);
});

Deno.test("a lookup has an end even where everybody names new ones for ever", async () => {
  let number = 10_000;
  const { questions } = await look(() => Array.from({ length: 16 }, () => peerOf(number++)));
  ok(questions <= meshLimits.lookupQuestions);
  const few = await look(honest, { questions: 5 });
  equal(few.questions, 5);
});

Deno.test("whoever names only nodes that fail is believed no more, until others name them", async () => {
  const liar = nodes[298];
  const invented = Array.from({ length: 16 }, (_, i) => peerOf(20_000 + i));
  const real = nodes[0];
  const { closest, asked } = await look((peer) => {
    if (peer === liar) return [...invented, real];
    return invented.includes(peer) ? undefined : honest(peer);
  });
  deepEqual(closest, nearest);
  ok(asked.filter((peer) => invented.includes(peer)).length < 8);
});

Deno.test("a node that was named at a wrong address is asked at the right one, whatever is heard first", async () => {
  const wrong = [peerOf(numberOf(nodes[0]), "tcp://10.9.9.9:1"), peerOf(numberOf(nodes[1]), "tcp://10.9.9.9:2")];
  for (const isFirst of [true, false]) {
    const { closest } = await look((peer, asked) => {
      if (wrong.includes(peer)) return undefined;
      const named = honest(peer);
      const isWrong = isFirst ? asked < 4 : asked > 3;
      return isWrong ? [...wrong, ...named] : named;
    });
    deepEqual(closest, nearest);
  }
});

Deno.test("ids made up near a place do not keep others from it, when they are all of one network", async () => {
  const sybils = Array.from({ length: 40_000 }, (_, i) => 30_000 + i)
    .filter((number) => compareDistance(target, peerOf(number), nodes[2]) < 0)
    .map((number, i) => peerOf(number, `tcp://198.51.100.${i % 256}:9000`));
  ok(sybils.length > 32, `${sybils.length} sybils`);
  const { closest } = await look((peer, asked) => {
    if (sybils.includes(peer)) return sybils.slice(0, 16);
    return [...honest(peer), sybils[asked % sybils.length], sybils[(3 * asked) % sybils.length]];
  });
  equal(closest.filter((peer) => sybils.includes(peer)).length, meshLimits.bucketNetworkNodes);
  deepEqual(closest.filter((peer) => !sybils.includes(peer)), nearest.slice(0, 14));
});

Deno.test("nodes of one network alone find each other", async () => {
  const moved = nodes.map((peer, i) => peerOf(numberOf(peer), `tcp://198.51.100.${i % 256}:${9000 + i}`));
  const world: World = (peer) => honest(nodes[moved.indexOf(peer)]).map(there);
  const there = (peer: Peer) => moved[nodes.indexOf(peer)];
  const { closest } = await look(world, { first: moved.slice(-3) });
  deepEqual(new Set(closest), new Set(nearest.map(there)));
});

Deno.test("nobody asks itself, nor who has no address", async () => {
  const mute = peerOf(41_000);
  const noAddress = Object.assign(Object.create(mute), { id: mute.id, addresses: [] });
  const { asked } = await look((peer) => [...honest(peer), own, noAddress]);
  ok(!asked.includes(own));
  ok(asked.every(({ addresses }) => addresses.length > 0));
});

const numbers = new Map(Array.from({ length: 300 }, (_, number) => [peerOf(number).id, number]));

function numberOf({ id }: Peer): number {
  return numbers.get(id)!;
}
