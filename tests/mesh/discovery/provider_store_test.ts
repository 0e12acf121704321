import { deepEqual, equal, ok } from "node:assert/strict";
import { ProviderStore } from "../../../src/mesh/discovery/provider_store.ts";
import type { SignedRecord } from "../../../src/mesh/discovery/provider_record.ts";
import { type Identity, newIdentity } from "../../../src/mesh/identity.ts";
import { meshLimits } from "../../../src/mesh/limits.ts";
import { type Changes, idOf, MINUTE, recordOf } from "./made.ts";

const LIFE = 30 * MINUTE;
const signer = newIdentity();

/** A record of any provider; its signature is of no interest to a store. */
function offer(changes: Changes = {}, provider = signer.id): SignedRecord {
  return { ...recordOf(changes, signer), provider };
}

Deno.test("a record is found until it runs out, by a clock that knows no time of day", () => {
  const store = new ProviderStore();
  const record = offer();
  equal(store.add(record, LIFE, 1000), "accepted");
  deepEqual(store.find("resize", 1000), [record]);
  deepEqual(store.find("resize", 999 + LIFE), [record]);
  deepEqual(store.find("resize", 1000 + LIFE), []);
  deepEqual(store.find("another", 1000), []);
  store.expire(999 + LIFE);
  equal(store.size, 1);
  store.expire(1000 + LIFE);
  deepEqual([store.size, store.bytes, store.get(record)], [0, 0, undefined]);
});

Deno.test("of two records for one offer the one with the higher number holds, whichever comes first", () => {
  const store = new ProviderStore();
  const [old, other, later] = [offer({ sequence: 1 }), offer({ version: "2.0.0" }), offer({ sequence: 2 })];
  equal(store.add(old, LIFE, 0), "accepted");
  equal(store.add(other, LIFE, 0), "accepted");
  equal(store.add(later, LIFE, 0), "accepted");
  equal(store.add(old, LIFE, 0), "stale");
  deepEqual(new Set(store.find("resize", 1)), new Set([later, other]));
  equal(store.size, 2);
});

Deno.test("the same record again does not hold longer, and another one with its number does not hold at all", () => {
  const store = new ProviderStore();
  equal(store.add(offer(), LIFE, 0), "accepted");
  equal(store.add(offer(), LIFE, LIFE - 1), "accepted");
  deepEqual(store.find("resize", LIFE), []);
  equal(store.add(offer({ isWithdrawn: true }), LIFE, 0), "stale");
});

Deno.test("a withdrawn offer is not brought back by any record from before, as long as one could still hold", () => {
  const store = new ProviderStore();
  const [old, longOld] = [offer({ sequence: 1 }), offer({ sequence: 2 })];
  store.add(old, LIFE, 0);
  equal(store.add(offer({ sequence: 3, isWithdrawn: true }), LIFE, 0), "accepted");
  deepEqual(store.find("resize", 1), []);
  for (const atMs of [1, LIFE, meshLimits.recordMsMost - 1]) {
    store.expire(atMs);
    equal(store.add(old, LIFE, atMs), "stale");
    equal(store.add(longOld, LIFE, atMs), "stale");
  }
  store.expire(meshLimits.recordMsMost);
  equal(store.size, 0);
  equal(store.add(offer({ sequence: 4 }), LIFE, 1), "accepted");
});

Deno.test("a provider has sixteen versions of a service, and those it withdrew make room", () => {
  const store = new ProviderStore();
  const version = (i: number, changes: Changes = {}) => offer({ version: `1.0.${i}`, ...changes });
  for (let i = 0; i < meshLimits.recordsOfOffer; i++) equal(store.add(version(i), LIFE, 0), "accepted");
  equal(store.add(version(16), LIFE, 0), "full");
  equal(store.add(version(3, { sequence: 2 }), LIFE, 0), "accepted"); // not one more
  equal(store.add(version(5, { sequence: 2, isWithdrawn: true }), LIFE, 0), "accepted");
  equal(store.add(version(16), LIFE, 0), "accepted");
  equal(store.size, meshLimits.recordsOfOffer);
});

Deno.test("there is a bound for each provider, each service, all together and their bytes; what ran out makes room", () => {
  const store = new ProviderStore();
  const fill = (count: number, record: (i: number) => SignedRecord) => {
    for (let i = 0; i < count; i++) equal(store.add(record(i), LIFE, 0), "accepted");
  };
  const base = offer();
  fill(meshLimits.recordsOfProvider, (i) => ({ ...base, service: `s${i}` }));
  equal(store.add({ ...base, service: "one-more" }, LIFE, 0), "full");
  fill(meshLimits.recordsOfService, (i) => ({ ...base, service: "popular", provider: idOf(i) }));
  equal(store.add({ ...base, service: "popular", provider: idOf(9999) }, LIFE, 0), "full");
  fill(meshLimits.records - store.size, (i) => ({ ...base, service: `t${i}`, provider: idOf(i) }));
  equal(store.add({ ...base, service: "u", provider: idOf(1) }, LIFE, 0), "full");
  equal(store.add({ ...base, service: "u", provider: idOf(1) }, LIFE, LIFE), "accepted");
  equal(store.size, 1);
  const long = { ...base, bytes: new Uint8Array(4 * 1024 * 1024) };
  fill(7, (i) => ({ ...long, service: `long${i}` }));
  equal(store.add({ ...long, service: "long" }, LIFE, 0), "full");
});

Deno.test("a store counts right whatever is added and runs out", () => {
  const store = new ProviderStore();
  const signers: Identity[] = Array.from({ length: 5 }, () => newIdentity());
  const kept = new Map<string, { record: SignedRecord; endMs: number }>();
  let state = 1;
  const random = (below: number) => (state = (state * 48271) % 2147483647) % below;
  for (let now = 0; now < 3000; now++) {
    const by = signers[random(5)];
    const changes = { service: `s${random(6)}`, version: `1.0.${random(4)}`, sequence: now + 1 };
    const record = recordOf(changes, by);
    equal(store.add(record, 500, now), "accepted");
    kept.set(`${record.provider} ${record.service} ${record.version}`, { record, endMs: now + 500 });
    if (now % 7 > 0) continue;
    store.expire(now);
    for (const [key, { endMs }] of kept) if (endMs <= now) kept.delete(key);
    equal(store.size, kept.size);
    equal(store.bytes, [...kept.values()].reduce((sum, { record }) => sum + record.bytes.byteLength, 0));
    const found = Array.from({ length: 6 }, (_, i) => store.find(`s${i}`, now)).flat();
    deepEqual(new Set(found), new Set([...kept.values()].map(({ record }) => record)));
  }
  ok(kept.size > 50);
});
