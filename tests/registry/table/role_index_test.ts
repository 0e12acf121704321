/** Versions found by range: as node-semver finds them one by one, and at no more cost than what is found. */

import { deepEqual, equal, ok } from "node:assert/strict";
// @ts-types="@types/semver"
import { compareBuild, Range, satisfies } from "semver";
import { limits } from "../../../src/limits.ts";
import type { Service } from "../../../src/registry/service.ts";
import { checkVersion } from "../../../src/registry/table/pattern.ts";
import { RoleIndex } from "../../../src/registry/table/role_index.ts";
import { type Random, randomFrom } from "../../support/random.ts";

let ids = 0;

function service(version?: string, id = `s${ids++}`): Service {
  return { id, role: "web", host: "h", port: 1, ...version === undefined ? {} : { version: checkVersion(version) } };
}

function pick<T>(random: Random, things: readonly T[]): T {
  return things[random(things.length)];
}

const PRERELEASES = ["", "", "", "-0", "-rc", "-rc.1", "-rc.10", "-alpha.beta", "-1", "-99999999999999999999"];
const BUILDS = ["", "", "+b", "+b.2", "+1", "+01", "+10", "+99999999999999999999"];

function randomCore(random: Random): string {
  return `${random(3)}.${random(3)}.${random(4)}`;
}

function randomVersion(random: Random): string {
  return randomCore(random) + pick(random, PRERELEASES) + pick(random, BUILDS);
}

/** One range of every kind that node-semver has. */
function randomRange(random: Random): string {
  const bound = () => randomCore(random) + pick(random, PRERELEASES);
  const kinds = [
    () =>
      pick(random, ["*", "", "x", "1", "1.x", "1.2.x", "0.x.x", ">1 <2", "<0.0.1", "^0.0.1", "~0", ">*", ">=0.0.0-0"]),
    () => pick(random, ["<", "<=", ">", ">=", "=", "", "^", "~"]) + bound(),
    () => `${bound()} - ${bound()}`,
    () => `${random(3)} - ${random(3)}.${random(3)}`,
    () => `>=${bound()} <${bound()}`,
    () => `${randomRange(random)} || ${randomRange(random)}`,
  ];
  return pick(random, kinds)();
}

function plainAnswer(services: Iterable<Service>, range: string): Service[] {
  return [...services].filter(({ version }) => version !== undefined && satisfies(version, range));
}

const idsOf = (services: Iterable<Service>) => [...services].map(({ id }) => id).sort();

for (const seed of [1, 2, 3, 4]) {
  Deno.test(`random versions and ranges are as a plain look with node-semver says [seed ${seed}]`, () => {
    const random = randomFrom(2 * seed);
    const index = new RoleIndex();
    const all = new Map<string, Service>();
    for (let round = 0; round < 1500; round++) {
      const old = pick(random, [...all.values()]);
      if (old && random(100) < (round < 700 ? 30 : 60)) {
        index.remove(old);
        all.delete(old.id);
      } else {
        const added = service(random(8) === 0 ? undefined : randomVersion(random));
        index.put(added);
        all.set(added.id, added);
      }
      const range = randomRange(random);
      const found = index.find(new Range(range));
      deepEqual(idsOf(found), idsOf(plainAnswer(all.values(), range)), range);
      for (let i = 1; i < found.length; i++) ok(compareBuild(found[i - 1].version!, found[i].version!) >= 0, range);
      equal(index.size, all.size);
    }
    deepEqual(idsOf(index.find(undefined)), idsOf(all.values()));
    for (const each of all.values()) index.remove(each);
    deepEqual([index.size, index.find(undefined), index.find(new Range(">=0.0.0-0"))], [0, [], []]);
  });
}

Deno.test("the newest version comes first, a build after what it was built of, and what has no version last", () => {
  const index = new RoleIndex();
  const versions = ["1.0.0", undefined, "2.0.0-rc.2", "2.0.0", "1.0.0+b2", "2.0.0-rc.10", "10.0.0", "1.0.0+b1"];
  for (const version of versions) index.put(service(version));
  const newest = ["10.0.0", "2.0.0", "2.0.0-rc.10", "2.0.0-rc.2", "1.0.0+b2", "1.0.0+b1", "1.0.0", undefined];
  deepEqual(index.find(undefined).map(({ version }) => version), newest);
});

Deno.test("versions of one rank that are written otherwise are each found and removed", () => {
  const index = new RoleIndex();
  const all = ["1.0.0+1", "1.0.0+01", "1.0.0+1", "1.0.0+001"].map((version) => service(version));
  for (const each of all) index.put(each);
  equal(index.find(new Range("1.x")).length, 4);
  for (const each of all) index.remove(each);
  deepEqual([index.size, index.find(undefined)], [0, []]);
});

Deno.test("an empty range means any release, which is not the same as no range", () => {
  const index = new RoleIndex();
  const [release, early, none] = [service("1.0.0"), service("2.0.0-rc.1"), service()];
  for (const each of [release, early, none]) index.put(each);
  deepEqual(index.find(undefined), [early, release, none]);
  deepEqual(index.find(new Range("")), [release]);
  deepEqual(index.find(undefined), [early, release, none]);
});

Deno.test("an answer is shared until something changes, and can't be changed by who has it", () => {
  const index = new RoleIndex();
  const one = service("1.0.0");
  index.put(one);
  const found = index.find(new Range("1.x"));
  equal(index.find(new Range("1.x")), found);
  ok(Object.isFrozen(found));
  const again = { ...one, port: 2 };
  index.put(again);
  deepEqual([index.find(new Range("1.x")), index.size], [[again], 1]);
  index.remove(service("1.0.0", "absent"));
  index.remove(service("7.0.0", "absent"));
  deepEqual([index.find(undefined), index.size], [[again], 1]);
});

Deno.test("a query looks at what it finds, not at all there is", () => {
  const index = new RoleIndex();
  for (let minor = 0; minor < 10_000; minor++) index.put(service(`1.${minor}.0`));
  const looks = (text: string) => {
    let count = 0;
    const range = new Range(text);
    const test = range.test.bind(range);
    range.test = (version) => ++count > 0 && test(version);
    return { found: index.find(range).length, count };
  };
  deepEqual(looks("1.5000.x"), { found: 1, count: 1 });
  deepEqual(looks(">=1.9990.0"), { found: 10, count: 10 });
  deepEqual(looks("<1.10.0"), { found: 10, count: 10 });
  deepEqual(looks("1.3.0 || 1.7.x || ^1.9999.0"), { found: 3, count: 3 });
  deepEqual(looks(">2 || <1"), { found: 0, count: 0 });
});

Deno.test("answers that hold many services together are not all kept", () => {
  const index = new RoleIndex();
  for (let i = 0; i < 0.6 * limits.registryAnswersServices; i++) index.put(service("1.0.0"));
  const first = index.find(new Range(">=0.1.0"));
  equal(index.find(new Range(">=0.1.0")), first);
  const second = index.find(new Range(">=0.2.0"));
  equal(index.find(new Range(">=0.2.0")), second);
  ok(index.find(new Range(">=0.1.0")) !== first);
});
