import { deepEqual, equal, throws } from "node:assert/strict";
import type { Service } from "../../../src/registry/service.ts";
import { Catalog, type Change } from "../../../src/registry/table/catalog.ts";

function service(id: string, role = "web", version?: string): Service {
  return { id, role, host: "h", port: 1, ...version && { version } };
}

const ids = (services: readonly Service[]) => services.map(({ id }) => id);

Deno.test("services are found by id, by role, by version, and all together", () => {
  const catalog = new Catalog();
  for (const [id, version] of [["a", "1.0.0"], ["b", "2.0.0"], ["c"]]) catalog.put(service(id, "web", version));
  catalog.put(service("d", "db"));
  equal(catalog.get("b")?.version, "2.0.0");
  deepEqual(ids(catalog.query("web")), ["b", "a", "c"]);
  deepEqual(ids(catalog.query("web@1.x")), ["a"]);
  deepEqual(ids(catalog.query()), ["b", "a", "c", "d"]);
  deepEqual([catalog.query("none"), catalog.query("web@3.x"), catalog.size], [[], [], 4]);
});

Deno.test("a service that changes its role or version is found under the new ones alone", () => {
  const catalog = new Catalog();
  catalog.put(service("a", "web", "1.0.0"));
  const changes: Change[] = [];
  for (const role of ["web", "db", undefined]) catalog.observe(role, (change) => changes.push(change));
  catalog.put(service("a", "web", "2.0.0"));
  catalog.put(service("a", "db"));
  deepEqual([ids(catalog.query("web")), ids(catalog.query("db")), catalog.size], [[], ["a"], 1]);
  deepEqual(changes.map(({ type }) => type), Array(5).fill("update"));
});

Deno.test("names that objects have from birth are roles and ids like others", () => {
  const catalog = new Catalog();
  for (const name of ["__proto__", "constructor", "toString", "undefined"]) {
    deepEqual([catalog.get(name), catalog.query(name), catalog.remove(name)], [undefined, [], undefined]);
    catalog.put(service(name, name, "1.0.0"));
    deepEqual([ids(catalog.query(`${name}@1.x`)), catalog.get(name)?.role], [[name], name]);
  }
  equal(catalog.query().length, 4);
});

Deno.test("answers are shared until a change that touches them", () => {
  const catalog = new Catalog();
  for (const role of ["web", "db"]) catalog.put(service(role, role, "1.0.0"));
  const [all, web] = [catalog.query(), catalog.query("web@1.x")];
  equal(catalog.query(), all);
  catalog.put(service("other", "db"));
  equal(catalog.query("web@1.x"), web);
  deepEqual(ids(catalog.query()), ["web", "db", "other"]);
});

Deno.test("each change has a number, and a query's grows whenever its answer may have changed", () => {
  const catalog = new Catalog(100);
  deepEqual([catalog.index, catalog.indexOf("web"), catalog.indexOf()], [100, 100, 100]);
  catalog.put(service("a", "web"));
  catalog.put(service("b", "db"));
  deepEqual([catalog.indexOf("web"), catalog.indexOf("db"), catalog.indexOf()], [101, 102, 102]);
  catalog.remove("nobody");
  equal(catalog.index, 102);
  catalog.remove("a");
  deepEqual([catalog.indexOf("web"), catalog.indexOf("db")], [103, 102]);
  catalog.put(service("a", "web"));
  catalog.put(service("a", "db"));
  deepEqual([catalog.indexOf("web"), catalog.indexOf("db")], [105, 105]);
});

Deno.test("an observer is told of its role until it stops, also when it stops while it is told", () => {
  const catalog = new Catalog();
  const told: string[] = [];
  const stop = catalog.observe("web", ({ type, service: { id } }) => {
    told.push(`${type} ${id}`);
    if (type === "free") stop();
  });
  catalog.put(service("a"));
  catalog.put(service("b", "db"));
  catalog.put(service("a"));
  catalog.remove("a");
  catalog.put(service("a"));
  stop();
  deepEqual(told, ["register a", "update a", "free a"]);
});

Deno.test("a version that is none is refused, and changes nothing", () => {
  const catalog = new Catalog();
  const changes: Change[] = [];
  catalog.put(service("a", "web", "1.0.0"));
  catalog.observe(undefined, (change) => changes.push(change));
  for (const id of ["a", "b"]) {
    for (const version of ["garbage", "1.2", "01.2.3", `1.2.${"9".repeat(16)}`]) {
      throws(() => catalog.put(service(id, "web", version)), TypeError);
    }
  }
  deepEqual([ids(catalog.query()), ids(catalog.query("web@1.0.0")), catalog.index], [["a"], ["a"], 1]);
  deepEqual(changes, []);
});
