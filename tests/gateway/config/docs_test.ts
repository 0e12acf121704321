import { deepEqual, ok } from "node:assert/strict";
import { gatewayPages, tables } from "../../../scripts/gateway_docs.ts";
import { configSchema } from "../../../src/gateway/config/schema.ts";

Deno.test("the pages on the gateway list its file's keys as the schema has them", async () => {
  for (const { page, present, wanted } of await gatewayPages()) {
    ok(present === wanted, `${page.pathname}: run deno run -A scripts/gateway_docs.ts`);
  }
});

Deno.test("every table of keys stands on one of the pages", async () => {
  const pages = await gatewayPages();
  const shown = pages.flatMap(({ wanted }) => [...wanted.matchAll(/<!-- keys of (\w+):/g)].map(([, name]) => name));
  deepEqual(shown.toSorted(), Object.keys(tables).toSorted());
});

Deno.test("every key of the schema is in one of the tables", () => {
  const listed = new Set(Object.values(tables).flatMap((members) => Object.keys(members)));
  const described = new Set(["tls", "openapi", "reply"]); // each has a table of its own
  const { properties, $defs } = configSchema as { properties: object; $defs: Record<string, { properties: object }> };
  const all = [properties, ...Object.values($defs).map(({ properties }) => properties)].flatMap(Object.keys);
  deepEqual(all.filter((name) => !listed.has(name) && !described.has(name)), []);
});
