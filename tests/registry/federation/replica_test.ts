/** What a hub says and believes, one message at a time; how hubs agree in the end is in simulation_test.ts. */

import { deepEqual, equal } from "node:assert/strict";
import { Replica } from "../../../src/registry/federation/replica.ts";
import type { PeerMessage, Row } from "../../../src/registry/federation/row.ts";
import { limits } from "../../../src/limits.ts";

const timeoutMs = 400;
const everyMs = 100;

/** A hub, what it said to its peers x and y, and what it shows. */
function hub() {
  const said: [string, PeerMessage][] = [];
  const shown = new Map<string, number>();
  const lost: string[] = [];
  const replica = new Replica<string>({
    hub: "me",
    start: 1,
    timeoutMs,
    now: 0,
    effects: {
      send: (peer, message) => said.push([peer, message]),
      show: (id, service) => service ? shown.set(id, service.port) : shown.delete(id),
      lose: (id) => {
        lost.push(id);
        replica.drop(id);
      },
    },
  });
  replica.connect("x");
  replica.connect("y");
  const take = () => said.splice(0);
  take();
  return { replica, shown, lost, take };
}

function row(id: string, port: number, { owner = "o", incarnation = 1 } = {}): Row {
  return { service: { id, role: "web", host: "h", port }, owner, incarnation };
}

const full = { type: "full", hub: "a", start: 5, counter: 2, beat: 7, rows: [row("s", 1)] } as const;

Deno.test("a change here goes to all peers once, without a heartbeat", () => {
  const { replica, take } = hub();
  replica.put(row("s", 1));
  replica.flush();
  replica.flush();
  const delta = { type: "delta", hub: "me", start: 1, after: 0, changes: [{ id: "s", row: row("s", 1) }] };
  deepEqual(take(), [["x", delta], ["y", delta]]);
});

Deno.test("a change elsewhere is passed on at once, but not to whom it came from, and not twice", () => {
  const { replica, shown, take } = hub();
  replica.receive("x", full, 0);
  deepEqual(take(), [["y", { type: "have", origins: [{ hub: "a", start: 5, counter: 2, beat: 7 }] }]]);
  const delta = { type: "delta", hub: "a", start: 5, after: 2, changes: [{ id: "s", row: row("s", 2) }] } as const;
  replica.receive("x", delta, 0);
  replica.receive("y", delta, 0);
  deepEqual(take(), [["y", delta]]);
  equal(shown.get("s"), 2);
});

Deno.test("a gap is asked for, and of doubled changes only the new ones are taken", () => {
  const { replica, shown, take } = hub();
  replica.receive("x", full, 0);
  take();
  const delta = { type: "delta", hub: "a", start: 5 } as const;
  replica.receive("x", { ...delta, after: 3, changes: [{ id: "t", row: row("t", 4) }] }, 0);
  deepEqual(take(), [["x", { type: "want", hub: "a", start: 5, after: 2 }]]);
  replica.receive("x", { ...delta, after: 2, changes: [{ id: "s" }, { id: "t", row: row("t", 4) }] }, 0);
  replica.receive("y", { ...delta, after: 2, changes: [{ id: "s" }] }, 0);
  deepEqual([...shown], [["t", 4]]);
});

Deno.test("changes of before an origin's start are no news, and those of after it are asked for", () => {
  const { replica, shown, take } = hub();
  replica.receive("x", full, 0);
  take();
  const changes = [{ id: "old", row: row("old", 3) }];
  replica.receive("x", { type: "delta", hub: "a", start: 4, after: 2, changes }, 0);
  replica.receive("x", { ...full, start: 4, counter: 9, rows: [] }, 0);
  deepEqual([take(), [...shown]], [[], [["s", 1]]]);
  replica.receive("x", { type: "delta", hub: "a", start: 6, after: 2, changes }, 0);
  replica.receive("x", { type: "have", origins: [{ hub: "a", start: 6, counter: 3, beat: 1 }] }, 0);
  const want = { type: "want", hub: "a", start: 6, after: -1 };
  deepEqual([take(), [...shown]], [[["x", want], ["x", want]], [["s", 1]]]);
});

Deno.test("who missed a few changes is told those, and who missed more is told all", () => {
  const { replica, take } = hub();
  const many = 2 * limits.registryRecentChanges;
  for (let i = 1; i <= many; i++) replica.put(row("s", i));
  replica.receive("x", { type: "want", hub: "me", start: 1, after: many - 2 }, 0);
  replica.receive("y", { type: "want", hub: "me", start: 1, after: 0 }, 0);
  replica.receive("y", { type: "want", hub: "me", start: 2, after: 0 }, 0);
  replica.receive("y", { type: "want", hub: "me", start: 1, after: many }, 0);
  const changes = [many - 1, many].map((port) => ({ id: "s", row: row("s", port) }));
  deepEqual(take(), [
    ["x", { type: "delta", hub: "me", start: 1, after: many - 2, changes }],
    ["y", { type: "full", hub: "me", start: 1, counter: many, beat: 0, rows: [row("s", many)] }],
  ]);
});

Deno.test("a silent origin is given up, old news of it is not asked for or taken, and a new sign of life is", () => {
  const { replica, shown, take } = hub();
  replica.receive("x", full, 0);
  for (let now = everyMs; now <= timeoutMs; now += everyMs) replica.tick(now, everyMs);
  equal(shown.size, 1);
  replica.tick(timeoutMs + everyMs, everyMs);
  equal(shown.size, 0);
  take();
  replica.receive("y", { type: "have", origins: [{ hub: "a", start: 5, counter: 3, beat: 7 }] }, timeoutMs + everyMs);
  replica.receive("y", { ...full, counter: 3 }, timeoutMs + everyMs);
  deepEqual([take(), shown.size], [[], 0]);
  replica.receive("y", { type: "have", origins: [{ hub: "a", start: 5, counter: 2, beat: 8 }] }, timeoutMs + everyMs);
  deepEqual(take(), [["y", { type: "want", hub: "a", start: 5, after: -1 }]]);
  replica.receive("y", { ...full, beat: 8 }, timeoutMs + everyMs);
  equal(shown.size, 1);
});

Deno.test("a hub that stood still gives up nobody for that, and then waits no longer than else", () => {
  const { replica, shown } = hub();
  replica.receive("x", full, 0);
  replica.tick(everyMs, everyMs);
  const now = 100 * timeoutMs;
  replica.receive("x", { type: "have", origins: [{ hub: "a", start: 5, counter: 2, beat: 8 }] }, now);
  replica.tick(now, everyMs);
  equal(shown.size, 1);
  for (let i = 1; i <= 5; i++) replica.tick(now + i * everyMs, everyMs);
  equal(shown.size, 0);
});

Deno.test("of two rows with an id the later connection's counts, and what it left behind stays hidden", () => {
  const { replica, shown } = hub();
  replica.receive("x", full, 0);
  replica.receive("y", { ...full, hub: "b", rows: [row("s", 2, { incarnation: 2 })] }, 0);
  deepEqual([...shown], [["s", 2]]);
  replica.receive("y", { type: "delta", hub: "b", start: 5, after: 2, changes: [{ id: "s" }] }, 0);
  deepEqual([...shown], []);
});

Deno.test("what one owner frees hides nothing of another, whatever its number", () => {
  const { replica, shown } = hub();
  replica.receive("x", full, 0);
  replica.receive("y", { ...full, hub: "b", rows: [row("s", 2, { owner: "p", incarnation: 2 })] }, 0);
  deepEqual([...shown], [["s", 2]]);
  replica.receive("y", { type: "delta", hub: "b", start: 5, after: 2, changes: [{ id: "s" }] }, 0);
  deepEqual([...shown], [["s", 1]]);
});

Deno.test("rows of one number are decided alike everywhere: by the hub", () => {
  const { replica, shown, lost } = hub();
  replica.receive("x", full, 0);
  replica.put(row("s", 3));
  deepEqual([...shown, ...lost], [["s", 3]]);
  replica.receive("x", { ...full, hub: "z", rows: [row("s", 2)] }, 0);
  deepEqual([...shown, ...lost], [["s", 2], "s"]);
});

Deno.test("nobody else is believed about a hub's own rows", () => {
  const { replica, shown, take } = hub();
  replica.put(row("s", 1));
  replica.receive("x", { ...full, hub: "me", start: 9 }, 0);
  replica.receive("x", { type: "delta", hub: "me", start: 1, after: 1, changes: [{ id: "s" }] }, 0);
  replica.receive("x", { type: "have", origins: [{ hub: "me", start: 9, counter: 9, beat: 9 }] }, 0);
  deepEqual([[...shown], take()], [[["s", 1]], []]);
});
