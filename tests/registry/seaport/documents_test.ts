/** Services as seaport has them, and as the hub's table has them. */

import { deepEqual, equal } from "node:assert/strict";
import { isHeard, toDocument, toMeta, unmapped } from "../../../src/registry/seaport/documents.ts";
import type { JsonValue, Service } from "../../../src/registry/service.ts";

const document = (meta: Record<string, JsonValue>) => toDocument("a", meta);

Deno.test("ports come as numbers and as digits", () => {
  equal(document({ port: 80 }).port, 80);
  equal(document({ port: "8080" }).port, 8080);
  equal(document({ port: "http" }).port, "http"); // which the table refuses
});

Deno.test("the id of the row counts", () => {
  equal(document({ id: "b" }).id, "a");
});

Deno.test("versions that only seaport takes are written as semantic ones", () => {
  const versions = ["1.2.3", "v1.2.3", " =1.2.3", "1.2.3beta", "1.2.3-rc.1+b.2"];
  deepEqual(versions.map((version) => document({ version }).version), [
    "1.2.3",
    "1.2.3",
    "1.2.3",
    "1.2.3-beta",
    "1.2.3-rc.1+b.2",
  ]);
});

Deno.test("a version that is none is no version to us, and stays what it is to seaport clients", () => {
  for (const version of ["dev", "1.2", 2] as const) {
    const { version: none, ...rest } = document({ version });
    equal(none, undefined);
    const service = { ...rest, role: "web", host: "h", port: 1 } as Service;
    equal(toMeta(service).version, version);
  }
  deepEqual(document({ version: "" }), { id: "a" });
  deepEqual(document({ version: null }), { id: "a" });
  deepEqual(document({ version: [1] }).version, [1]); // which the table refuses
});

Deno.test("what a client was told is known by its mark, which its owner does not get", () => {
  const service: Service = {
    id: "a",
    role: "web",
    version: "1.0.0",
    host: "h",
    port: 1,
    color: "blue",
    awaiting: true,
  };
  const { awaiting: _, ...own } = service;
  deepEqual(toMeta(service), own);
  deepEqual(toMeta(service, "hub"), { ...own, heardFrom: "hub" });
  equal(isHeard(toMeta(service, "hub")), true);
  equal(isHeard(toMeta(service)), false);
  deepEqual(toDocument("a", toMeta(service, "hub")), own);
});

Deno.test("IPv4 addresses are written as such", () => {
  equal(unmapped("::ffff:127.0.0.1"), "127.0.0.1");
  equal(unmapped("::FFFF:10.0.0.1"), "10.0.0.1");
  equal(unmapped("::1"), "::1");
  equal(unmapped("::ffff:0:1"), "::ffff:0:1");
  equal(document({ host: "::ffff:10.1.2.3" }).host, "10.1.2.3");
  equal(document({ host: "web.example" }).host, "web.example");
});
