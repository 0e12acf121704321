import { deepEqual, equal, ok } from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import { flatendSchema } from "../../../src/gateway/config/flatend_schema.ts";
import { configSchema } from "../../../src/gateway/config/schema.ts";
import { urocketSchema } from "../../../src/gateway/config/urocket_schema.ts";
import { schemaFile } from "../../../scripts/config_schema.ts";

Deno.test("docs/sluice.schema.json is the schema that files are checked with", async () => {
  const { present, wanted } = await schemaFile();
  ok(present === wanted, "run deno run -A scripts/config_schema.ts");
  deepEqual(JSON.parse(present), JSON.parse(JSON.stringify(configSchema)));
});

Deno.test("the schemas of all forms are valid ones, whose references lead somewhere", () => {
  const ajv = new Ajv2020({ allowUnionTypes: true });
  for (const schema of [configSchema, urocketSchema, flatendSchema]) {
    equal(ajv.validateSchema(schema), true);
    ajv.compile(schema);
  }
});

/** Keys without a description. */
function* silent(schema: unknown, path: string): Generator<string> {
  if (typeof schema !== "object" || schema === null) return;
  const { properties } = schema as { properties?: Record<string, { description?: string; $ref?: string }> };
  for (const [name, member] of Object.entries(properties ?? {})) {
    if (typeof member.description !== "string" && member.$ref === undefined) yield `${path}.${name}`;
  }
  for (const [name, inner] of Object.entries(schema)) yield* silent(inner, `${path}.${name}`);
}

Deno.test("the schema describes every key", () => {
  deepEqual([...silent(configSchema, "")], []);
});
