/** Ownership, limits, and what becomes of services when their owners leave or come back. */

import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { limits } from "../../../src/limits.ts";
import type { PeerMessage, Row } from "../../../src/registry/federation/row.ts";
import { Registrar, type Session } from "../../../src/registry/hub/registrar.ts";
import { RegistryError, type RegistryErrorCode } from "../../../src/registry/registry_error.ts";
import { Catalog } from "../../../src/registry/table/catalog.ts";

const timeoutMs = 400;

function hub(name = "hub") {
  const catalog = new Catalog();
  const rows = new Map<string, Row>();
  const registrar = new Registrar<(message: PeerMessage) => void>({
    hub: name,
    start: 1,
    timeoutMs,
    now: 0,
    catalog,
    send: (peer, message) => peer(message),
    onRow: (id, row) => row ? rows.set(id, row) : rows.delete(id),
  });
  return { registrar, catalog, rows };
}

function session(owner: string, incarnation = 1, isAdmin = false): Session & { readonly lost: string[] } {
  const lost: string[] = [];
  return { owner, incarnation, isAdmin, host: "10.0.0.9", lost, onLost: (id) => lost.push(id) };
}

function web(id: string, more: Record<string, unknown> = {}) {
  return { id, role: "web", port: 3000, ...more };
}

/** Two hubs that hear each other. */
function connect(a: ReturnType<typeof hub>["registrar"], b: ReturnType<typeof hub>["registrar"]): void {
  const waiting: (() => void)[] = [];
  const toB = (message: PeerMessage) => void waiting.push(() => b.replica.receive(toA, message, 0));
  const toA = (message: PeerMessage) => void waiting.push(() => a.replica.receive(toB, message, 0));
  a.replica.connect(toB);
  b.replica.connect(toA);
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    next();
    a.replica.flush();
    b.replica.flush();
  }
}

function refused(action: () => unknown, code: RegistryErrorCode): void {
  throws(action, (error) => error instanceof RegistryError && error.code === code, code);
}

Deno.test("a service is registered at the host it came from, changed by its owner, and freed", () => {
  const { registrar, catalog, rows } = hub();
  const owner = session("o");
  deepEqual(registrar.register(owner, web("s", { version: "v1.2.3", zone: "eu" })), {
    id: "s",
    role: "web",
    version: "1.2.3",
    host: "10.0.0.9",
    port: 3000,
    zone: "eu",
  });
  const changed = { id: "s", role: "web", version: "1.2.3", host: "10.0.0.9", port: 4000, load: 2 };
  deepEqual(registrar.set(owner, "s", { id: "s", version: "1.2.3", port: 4000, load: 2 }), changed);
  for (const [name, value] of [["id", "t"], ["role", "db"], ["version", "9.0.0"]]) {
    refused(() => registrar.set(owner, "s", { [name]: value }), "invalid");
  }
  deepEqual(catalog.query(), [changed]);
  deepEqual(rows.get("s"), { service: changed, owner: "o", incarnation: 1 });
  registrar.free(owner, "s");
  deepEqual([catalog.size, rows.size, registrar.replica.own.size], [0, 0, 0]);
});

Deno.test("what is malformed is refused and changes nothing", () => {
  const { registrar, catalog } = hub();
  const owner = session("o");
  registrar.register(owner, web("s"));
  for (const input of [null, 7, [], {}, web("a b"), web("t", { port: 0 }), web("t", { version: "1" })]) {
    refused(() => registrar.register(owner, input), "invalid");
  }
  refused(() => registrar.set(owner, "s", { host: "a b" }), "invalid");
  refused(() => registrar.set(owner, "nobody", {}), "unknown");
  refused(() => registrar.free(owner, "nobody"), "unknown");
  deepEqual(catalog.query(), [{ id: "s", role: "web", host: "10.0.0.9", port: 3000 }]);
});

Deno.test("an id belongs to its owner", () => {
  const { registrar, catalog } = hub();
  registrar.register(session("o"), web("s"));
  const other = session("p", 9);
  refused(() => registrar.register(other, web("s")), "taken");
  refused(() => registrar.set(other, "s", { port: 1 }), "not-owner");
  refused(() => registrar.free(other, "s"), "not-owner");
  registrar.leave(other);
  equal(catalog.get("s")?.port, 3000);
});

Deno.test("an admin changes, frees and takes what belongs to others, who are told of what they lost", () => {
  const { registrar, catalog, rows } = hub();
  const [owner, admin] = [session("o", 50), session("root", 1, true)];
  registrar.register(owner, web("s"));
  registrar.set(admin, "s", { port: 1 });
  equal(rows.get("s")?.owner, "o");
  registrar.register(admin, web("s", { port: 2 }));
  registrar.register(admin, web("s", { port: 3 }));
  deepEqual([owner.lost, rows.get("s")?.owner, catalog.get("s")?.port], [["s"], "root", 3]);
  registrar.leave(owner);
  equal(catalog.size, 1);
  refused(() => registrar.free(owner, "s"), "not-owner");
  registrar.register(owner, web("t"));
  registrar.free(admin, "t");
  equal(catalog.get("t"), undefined);
});

Deno.test("an owner's later connection takes its services over, and the end of the earlier one frees none of them", () => {
  const { registrar, catalog } = hub();
  const [first, second] = [session("o", 1), session("o", 2)];
  for (const id of ["s", "t"]) registrar.register(first, web(id));
  registrar.register(second, web("s", { port: 4000 }));
  refused(() => registrar.register(first, web("s")), "taken");
  refused(() => registrar.set(first, "s", { port: 5000 }), "taken");
  refused(() => registrar.free(first, "s"), "taken");
  registrar.leave(first);
  deepEqual(catalog.query().map(({ id, port }) => [id, port]), [["s", 4000]]);
  registrar.leave(second);
  deepEqual([catalog.size, first.lost, second.lost], [0, [], []]);
});

Deno.test("a freed id can be registered again, by its owner with the number it had, and by another one", () => {
  const { registrar, catalog } = hub();
  const [o, p] = [session("o", 5), session("p", 1)];
  for (const owner of [o, o, p, o]) {
    registrar.register(owner, web("s"));
    equal(catalog.size, 1);
    registrar.free(owner, "s");
  }
  equal(catalog.size, 0);
});

Deno.test("one connection has a bounded number of services, and each that is freed makes room", () => {
  const { registrar, catalog } = hub();
  const owner = session("o");
  const most = limits.registryServicesOfClient;
  for (let i = 0; i < most; i++) registrar.register(owner, web(`s${i}`));
  refused(() => registrar.register(owner, web("one-more")), "limit");
  registrar.register(owner, web("s0", { port: 1 }));
  registrar.free(owner, "s1");
  registrar.register(owner, web("one-more"));
  refused(() => registrar.register(owner, web("two-more")), "limit");
  registrar.register(session("p"), web("other"));
  registrar.leave(owner);
  deepEqual(catalog.query().map(({ id }) => id), ["other"]);
});

Deno.test("restored services await their owner: who returns has them, the rest is dropped after a timeout", () => {
  const before = hub();
  const owner = session("o");
  for (const id of ["s", "t", "u"]) before.registrar.register(owner, web(id));
  const { registrar, catalog, rows } = hub();
  registrar.restore([...before.rows.values()], 1000);
  ok(catalog.query().every(({ awaiting }) => awaiting));
  refused(() => registrar.register(session("p"), web("s")), "taken");
  registrar.register(session("o", 2), web("s"));
  registrar.set(session("o", 2), "t", { load: 1 });
  deepEqual(catalog.query().map(({ id, awaiting }) => [id, awaiting]), [["s", undefined], ["t", true], ["u", true]]);
  registrar.tick(1000 + timeoutMs);
  equal(catalog.size, 3);
  registrar.tick(1001 + timeoutMs);
  deepEqual(catalog.query().map(({ id }) => id), ["s"]);
  deepEqual([...rows.keys()], ["s"]);
});

Deno.test("a suspended service is shown to nobody, is its owner's all the same, and comes back as it was changed", () => {
  const { registrar, catalog, rows } = hub();
  const owner = session("o");
  registrar.register(owner, web("s", { check: { tcp: true, everyMs: 500 } }));
  registrar.hide("s", true);
  deepEqual([catalog.size, rows.size], [0, 1]);
  refused(() => registrar.register(session("p"), web("s")), "taken");
  registrar.set(owner, "s", { port: 4000 });
  equal(catalog.size, 0);
  registrar.hide("s", false);
  registrar.hide("never", false);
  equal(catalog.get("s")?.port, 4000);
  registrar.hide("s", true);
  registrar.leave(owner);
  registrar.hide("s", false);
  deepEqual([catalog.size, rows.size], [0, 0]);
});

Deno.test("of two owners that had one id on two sides of a partition one is told that it lost", () => {
  const [a, b] = [hub("a"), hub("b")];
  const [loser, winner] = [session("o", 1), session("p", 2)];
  a.registrar.register(loser, web("s", { port: 1 }));
  b.registrar.register(winner, web("s", { port: 2 }));
  connect(a.registrar, b.registrar);
  deepEqual([loser.lost, winner.lost], [["s"], []]);
  for (const { catalog } of [a, b]) deepEqual(catalog.query().map(({ port }) => port), [2]);
  deepEqual([a.rows.size, b.rows.size], [0, 1]);
  refused(() => a.registrar.register(loser, web("s")), "taken");
});

Deno.test("an owner that came to another hub is not told that it lost; what it left behind is dropped", () => {
  const [a, b] = [hub("a"), hub("b")];
  const [first, second] = [session("o", 1), session("o", 2)];
  a.registrar.register(first, web("s", { port: 1 }));
  b.registrar.register(second, web("s", { port: 2 }));
  connect(a.registrar, b.registrar);
  deepEqual([first.lost, second.lost, a.rows.size], [[], [], 0]);
  refused(() => a.registrar.register(first, web("s")), "taken");
  refused(() => a.registrar.set(first, "s", { port: 3 }), "elsewhere");
  refused(() => a.registrar.free(first, "s"), "elsewhere");
  equal(a.catalog.get("s")?.port, 2);
});

Deno.test("what comes back from a check after another owner took its id is lost, and not stored", () => {
  const [a, b] = [hub("a"), hub("b")];
  const [loser, winner] = [session("o", 1), session("p", 2)];
  a.registrar.register(loser, web("s", { port: 1 }));
  a.registrar.hide("s", true);
  b.registrar.register(winner, web("s", { port: 2 }));
  connect(a.registrar, b.registrar);
  a.registrar.hide("s", false);
  deepEqual([loser.lost, a.rows.size, a.catalog.get("s")?.port], [["s"], 0, 2]);
});

Deno.test("an admin takes no id that came to another hub: only that one writes it", () => {
  const [a, b] = [hub("a"), hub("b")];
  a.registrar.register(session("o"), web("s"));
  connect(a.registrar, b.registrar);
  refused(() => b.registrar.register(session("root", 1, true), web("s")), "elsewhere");
});

Deno.test("a check stays when other metadata are set, and ends with null, which shows what it hid", () => {
  const { registrar, catalog } = hub();
  const owner = session("o");
  const check = { tcp: true, everyMs: 500 };
  registrar.register(owner, web("s", { check }));
  registrar.hide("s", true);
  deepEqual(registrar.set(owner, "s", { zone: "eu" }).check, check);
  deepEqual(registrar.set(owner, "s", { check: { ...check, everyMs: 600 } }).check, { tcp: true, everyMs: 600 });
  equal(catalog.size, 0);
  equal(registrar.set(owner, "s", { check: null }).check, undefined);
  deepEqual(catalog.get("s"), { id: "s", role: "web", host: "10.0.0.9", port: 3000 });
});

Deno.test("more services than a hub can check are refused", () => {
  const { registrar } = hub();
  const check = { tcp: true, everyMs: 500 };
  const sessions = [session("o"), session("p")];
  for (let i = 0; i < limits.registryChecks; i++) registrar.register(sessions[i % 2], web(`s${i}`, { check }));
  refused(() => registrar.register(sessions[0], web("one-more", { check })), "limit");
  registrar.register(sessions[0], web("unchecked"));
  refused(() => registrar.set(sessions[0], "unchecked", { check }), "limit");
  registrar.register(sessions[0], web("s0", { check }));
  registrar.free(sessions[0], "s0");
  registrar.set(sessions[0], "unchecked", { check });
  registrar.leave(sessions[1]);
  registrar.register(sessions[0], web("one-more", { check }));
});
