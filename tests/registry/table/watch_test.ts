import { deepEqual, equal, rejects } from "node:assert/strict";
import { limits } from "../../../src/limits.ts";
import type { Service } from "../../../src/registry/service.ts";
import { Catalog, type Change } from "../../../src/registry/table/catalog.ts";
import { parsePattern } from "../../../src/registry/table/pattern.ts";
import { firstMatch, seenBy, watch, type WatchEvent } from "../../../src/registry/table/watch.ts";

function service(id: string, version?: string, role = "web"): Service {
  return { id, role, host: "h", port: 1, ...version && { version } };
}

/** Knows how many observers it has. */
class CountingCatalog extends Catalog {
  observers = 0;

  override observe(role: string | undefined, observer: (change: Change) => void): () => void {
    this.observers++;
    const stop = super.observe(role, observer);
    return () => {
      this.observers--;
      stop();
    };
  }
}

function told(event: WatchEvent | undefined): string {
  if (!event) return "end";
  return event.type === "snapshot" ? `all ${event.services.map(({ id }) => id)}` : `${event.type} ${event.service.id}`;
}

async function next(events: AsyncIterableIterator<WatchEvent>): Promise<string> {
  return told((await events.next()).value);
}

Deno.test("who follows a pattern is told what there is, then what changes of it, each with its number", async () => {
  const catalog = new CountingCatalog();
  catalog.put(service("a", "1.0.0"));
  const seen: unknown[] = [];
  for await (const event of watch(catalog, "web@1.x")) {
    seen.push([told(event), event.index]);
    if (seen.length === 1) {
      catalog.put(service("b", "2.0.0"));
      catalog.put(service("c", undefined, "db"));
      catalog.put(service("b", "1.1.0"));
      catalog.put(service("b", "1.2.0"));
      catalog.put(service("b", "2.0.0"));
      catalog.remove("a");
    }
    if (seen.length === 5) break;
  }
  deepEqual(seen, [["all a", 1], ["register b", 4], ["update b", 5], ["free b", 6], ["free a", 7]]);
  equal(catalog.observers, 0);
});

Deno.test("a change is seen by a pattern as it comes into it, changes in it, or goes out", () => {
  const [old, young] = [service("a", "1.0.0"), service("a", "2.0.0")];
  const update = { type: "update", service: young, before: old } as const;
  deepEqual(seenBy(parsePattern("web@2.x"), update), { type: "register", service: young });
  deepEqual(seenBy(parsePattern("web@1.x"), update), { type: "free", service: old });
  deepEqual(seenBy(parsePattern("web"), update), { type: "update", service: young });
  equal(seenBy(parsePattern("web@3.x"), update), undefined);
  equal(seenBy(parsePattern("db"), { type: "free", service: old }), undefined);
  deepEqual(seenBy(parsePattern(""), { type: "free", service: old }), { type: "free", service: old });
});

Deno.test("a change that comes while nobody waits wakes who waits next", async () => {
  const catalog = new CountingCatalog();
  const end = new AbortController();
  const events = watch(catalog, undefined, end.signal);
  equal(await next(events), "all ");
  const waiting = next(events);
  catalog.put(service("a"));
  catalog.put(service("b"));
  deepEqual([await waiting, await next(events)], ["register a", "register b"]);
  end.abort();
  equal(await next(events), "end");
  equal(catalog.observers, 0);
});

Deno.test("who is too slow is told all there is again instead of each change", async () => {
  const catalog = new CountingCatalog();
  const events = watch(catalog, "web");
  equal(await next(events), "all ");
  for (let i = 0; i <= limits.registryWatchEvents; i++) catalog.put(service("a"));
  catalog.put(service("b"));
  equal(await next(events), "all a,b");
  catalog.remove("a");
  equal(await next(events), "free a");
  await events.return?.();
  equal(catalog.observers, 0);
});

Deno.test("a signal ends it while it waits, while changes are left to tell, and before it began", async () => {
  const catalog = new CountingCatalog();
  for (const kept of [0, 3]) {
    const end = new AbortController();
    const events = watch(catalog, "web", end.signal);
    await next(events);
    const waiting = next(events);
    for (let i = 0; i < kept; i++) catalog.put(service(`s${i}`));
    if (kept > 0) equal(await waiting, "register s0");
    end.abort();
    equal(await (kept > 0 ? next(events) : waiting), "end");
    equal(catalog.observers, 0);
  }
  equal(await next(watch(catalog, "web", AbortSignal.abort())), "end");
  await rejects(watch(catalog, "a b").next(), TypeError);
  equal(catalog.observers, 0);
});

Deno.test("who stops following while it waits for the next change is let go at once", async () => {
  const catalog = new CountingCatalog();
  const events = watch(catalog, "web");
  equal(await next(events), "all ");
  const waiting = [next(events), next(events)];
  deepEqual(await events.return?.(), { done: true, value: undefined });
  deepEqual(await Promise.all(waiting), ["end", "end"]);
  equal(catalog.observers, 0);
  equal(await next(events), "end");
  const unbegun = watch(catalog, "web");
  await unbegun.return?.();
  equal(await next(unbegun), "end");
  equal(catalog.observers, 0);
});

Deno.test("the first match is there at once, or as soon as it comes", async () => {
  const catalog = new CountingCatalog();
  const waiting = firstMatch(catalog, "web@1.x");
  catalog.put(service("a", "2.0.0"));
  catalog.put(service("b", "1.0.0"));
  deepEqual((await waiting).map(({ id }) => id), ["b"]);
  deepEqual((await firstMatch(catalog, "web")).map(({ id }) => id), ["a", "b"]);
  equal(catalog.observers, 0);
});

Deno.test("waiting for a match ends with the signal's reason, and leaves nothing behind", async () => {
  const catalog = new CountingCatalog();
  const end = new AbortController();
  const waiting = firstMatch(catalog, "web", end.signal);
  equal(catalog.observers, 1);
  end.abort(new RangeError("enough"));
  await rejects(waiting, new RangeError("enough"));
  await rejects(firstMatch(catalog, "web", end.signal), new RangeError("enough"));
  await rejects(firstMatch(catalog, "web@one"), TypeError);
  equal(catalog.observers, 0);
});
