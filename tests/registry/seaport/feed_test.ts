/** What a seaport client is told: it ends up with what there is, however slowly it takes it. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { toMeta } from "../../../src/registry/seaport/documents.ts";
import { Feed, newsOf } from "../../../src/registry/seaport/feed.ts";
import type { Meta } from "../../../src/registry/seaport/lines.ts";
import type { Service } from "../../../src/registry/service.ts";
import { Catalog } from "../../../src/registry/table/catalog.ts";
import { randomFrom } from "../../support/random.ts";

function service(id: string, fields: Record<string, number> = {}): Service {
  return { id, role: "web", version: "1.0.0", host: "h", port: 1, ...fields };
}

/** A client as seaport has it: it ignores a row in which everything is as it knows it. */
class Client {
  readonly known = new Map<string, Meta>();
  isSynced = false;

  /** Takes what comes next; false when there is nothing. */
  take(feed: Feed): boolean {
    const telling = feed.next();
    if (!telling) return false;
    if (telling.type === "synced") this.isSynced = true;
    else {
      const { id, service, replaces } = telling;
      if (!service || replaces) this.known.delete(id);
      if (service) this.#register(id, toMeta(service));
    }
    return true;
  }

  #register(id: string, meta: Meta): void {
    const before = this.known.get(id);
    if (before && Object.keys(meta).every((name) => before[name] === meta[name])) return;
    this.known.set(id, meta);
  }
}

/** A feed that hears of all that happens in a catalog. */
function follow(catalog: Catalog): Feed {
  const feed = new Feed(catalog);
  catalog.observe(undefined, (change) => {
    const news = newsOf(change);
    if (news) feed.note(news);
  });
  return feed;
}

const shown = (services: Iterable<Meta>) => [...services].map((meta) => JSON.stringify(meta)).sort();

Deno.test("nothing is told before it has begun, then everything, and that this was all", () => {
  const catalog = new Catalog();
  const feed = follow(catalog);
  const client = new Client();
  catalog.put(service("a"));
  equal(client.take(feed), false);
  feed.begin();
  while (client.take(feed));
  deepEqual([...client.known.keys()], ["a"]);
  ok(client.isSynced);
});

Deno.test("a service that came and went unseen is not told of", () => {
  const catalog = new Catalog();
  const feed = follow(catalog);
  feed.begin();
  equal(feed.next()?.type, "synced");
  catalog.put(service("a"));
  catalog.remove("a");
  equal(feed.next(), undefined);
});

Deno.test("what only we can see of a change is no news", () => {
  const catalog = new Catalog();
  catalog.put({ ...service("a"), awaiting: true });
  const feed = follow(catalog);
  feed.begin();
  while (feed.next());
  catalog.put(service("a"));
  equal(feed.next(), undefined);
});

Deno.test("ids are not told that seaport would find where nothing was registered", () => {
  const catalog = new Catalog();
  catalog.put(service("constructor"));
  const feed = follow(catalog);
  feed.begin();
  equal(feed.next()?.type, "synced");
  catalog.put(service("__proto__"));
  catalog.remove("constructor");
  equal(feed.next(), undefined);
});

Deno.test("what a client heard of before and is gone, or has less to it, it has to forget", () => {
  const catalog = new Catalog();
  for (const id of ["same", "less", "more"]) catalog.put(service(id, id === "more" ? { x: 1 } : {}));
  const feed = follow(catalog);
  const client = new Client();
  const known = [service("gone"), service("same"), service("less", { x: 1 }), service("more")];
  for (const before of known) {
    client.known.set(before.id, toMeta(before));
    feed.remember(before.id, toMeta(before, "hub"));
  }
  equal(feed.known, 2);
  feed.begin();
  while (client.take(feed));
  deepEqual(shown(client.known.values()), shown(catalog.query().map((row) => toMeta(row))));
});

Deno.test("after random changes, taken at random, a client has what there is", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = randomFrom(seed);
    const catalog = new Catalog();
    const feed = follow(catalog);
    const client = new Client();
    const change = () => {
      const id = `service ${random(6)}`;
      if (random(3) === 0) catalog.remove(id);
      else catalog.put(service(id, { ...random(2) ? { x: random(2) } : {}, ...random(2) ? { y: random(2) } : {} }));
    };
    for (let i = random(10); i > 0; i--) change();
    feed.begin();
    for (let i = 0; i < 60; i++) {
      if (random(2)) change();
      else client.take(feed);
    }
    while (client.take(feed));
    const expected = shown(catalog.query().map((row) => toMeta(row)));
    deepEqual(shown(client.known.values()), expected, `seed ${seed}`);
    ok(client.isSynced);
  }
});
