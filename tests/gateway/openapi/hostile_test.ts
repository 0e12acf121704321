/** Documents and values that mean harm. Each test is passed by coming to its end: what it keeps away takes years, or all memory. */

import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { HttpError } from "../../../src/errors.ts";
import { validateRequest } from "../../../src/gateway/openapi/request_check.ts";
import { jsonRequest, oneOperation, readDocument, readOperation, refusal } from "../../support/openapi.ts";

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const withSchemas = (schemas: Record<string, unknown>, schema: unknown = ref("A0")) => ({
  content: { "application/json": { schema } },
  schemas,
});

Deno.test("schemas that lead in a circle to themselves are refused", async () => {
  const circles = [
    { A0: ref("A0") },
    { A0: ref("A1"), A1: ref("A0") },
    { A0: { allOf: [{ anyOf: [ref("A0"), { type: "string" }] }] } },
    { A0: { not: ref("A1") }, A1: { if: ref("A0") } },
    {
      A0: { oneOf: [ref("A1")], discriminator: { propertyName: "kind" } },
      A1: { allOf: [ref("A0"), { type: "object" }] },
    },
  ];
  for (const schemas of circles) {
    match(await refusal(oneOperation(withSchemas(schemas))), /leads back to itself, and to no part of the value/);
  }
});

Deno.test("parameters and paths that lead in a circle are refused", async () => {
  match(
    await refusal(`openapi: 3.1.0
info: { title: a, version: "1" }
paths: { /a: { $ref: "#/components/pathItems/A" } }
components: { pathItems: { A: { $ref: "#/components/pathItems/B" }, B: { $ref: "#/components/pathItems/A" } } }
`),
    /leads in a circle/,
  );
});

Deno.test("schemas that multiply are refused", async () => {
  const schemas = Object.fromEntries(
    Array.from({ length: 30 }, (_, index) => [`A${index}`, { allOf: [ref(`A${index + 1}`), ref(`A${index + 1}`)] }]),
  );
  match(await refusal(oneOperation(withSchemas({ ...schemas, A30: {} }))), /too many schemas look at one value/);
  const chain = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`A${index}`, ref(`A${index + 1}`)]));
  match(await refusal(oneOperation(withSchemas({ ...chain, A200: {} }))), /too many schemas look at one value/);
});

Deno.test("a value that multiplies the work of a schema is refused, however small it is", async () => {
  const twice = { allOf: [{ properties: { a: ref("A0") } }, { properties: { a: ref("A0") } }] };
  const check = validateRequest(await readOperation(withSchemas({ A0: twice })));
  const deep = `${'{"a":'.repeat(100)}1${"}".repeat(100)}`;
  const { violations } = await check(jsonRequest(deep));
  deepEqual(violations.map(({ keyword }) => keyword), ["effort"]);
});

Deno.test("a document that nests deep, or holds itself, is refused", async () => {
  match(await refusal("[".repeat(100_000)), /Cannot use api\.yaml/);
  match(await refusal(`${"[".repeat(5000)}${"]".repeat(5000)}`), /nests (?:too deep|deeper)/);
  match(await refusal(`${'{"a":'.repeat(200)}1${"}".repeat(200)}`), /nests deeper/);
  match(await refusal("openapi: 3.1.0\nx-a: &a\n  b: *a\n"), /nests deeper|alias/i);
  const bomb = Array.from({ length: 12 }, (_, index) => `a${index}: &a${index} [${`*a${index - 1}, `.repeat(9)}]`);
  match(await refusal(["openapi: 3.1.0", "a-1: &a-1 [x]", ...bomb].join("\n")), /holds more than|alias/i);
});

Deno.test("enums with many values are looked up, not gone through", async () => {
  const values = Array.from({ length: 100_000 }, (_, index) => `value ${index}`);
  const operation = await readOperation(withSchemas({ A0: { type: "array", items: { enum: values } } }));
  const check = validateRequest(operation);
  deepEqual((await check(jsonRequest(values))).violations, []);
  deepEqual((await check(jsonRequest(["value 1", "value x"]))).violations.map(({ pointer }) => pointer), ["/1"]);
});

Deno.test("a body with a million faults is told of a hundred", async () => {
  const schemas = [
    { type: "array", items: { type: "integer" } },
    { type: "array", items: { $ref: "#/components/schemas/A1" } },
    { type: "array", items: { anyOf: [ref("A1"), { type: "array" }] } },
  ];
  for (const A0 of schemas) {
    const operation = await readOperation(withSchemas({ A0, A1: { type: "integer", minimum: 3 } }));
    const { violations } = await validateRequest(operation)(jsonRequest(`[${'"",'.repeat(1_000_000)}""]`));
    equal(violations.length > 0 && violations.length <= 100, true, JSON.stringify(A0));
  }
  const closed = await readOperation(withSchemas({ A0: { additionalProperties: false } }));
  const body = Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [`${index}`, 1]));
  equal((await validateRequest(closed)(jsonRequest(body))).violations.length, 100);
});

Deno.test("items that have to differ are compared in proportion to their number", async () => {
  const operation = await readOperation(
    withSchemas({ A0: { type: "array", uniqueItems: true, items: { type: "object" } } }),
  );
  const items = Array.from({ length: 100_000 }, (_, a) => ({ a }));
  deepEqual((await validateRequest(operation)(jsonRequest(items))).violations, []);
});

Deno.test("texts that formats take long to tell are not looked at", async () => {
  const formats = [
    "uri",
    "uri-reference",
    "email",
    "hostname",
    "ipv6",
    "date-time",
    "duration",
    "regex",
    "url",
    "byte",
  ];
  const properties = Object.fromEntries(formats.map((format) => [format, { type: "string", format }]));
  const check = validateRequest(await readOperation(withSchemas({ A0: { properties } })));
  for (
    const text of [
      "http://a-".padEnd(500_000, "a-"),
      "a@a.".padEnd(500_000, "a."),
      "1:".repeat(250_000),
      "P" + "1".repeat(500_000),
    ]
  ) {
    const { violations } = await check(jsonRequest(Object.fromEntries(formats.map((format) => [format, `${text}!`]))));
    deepEqual(violations.map(({ pointer }) => pointer.slice(1)), formats);
  }
});

Deno.test("bodies that nest deep are no requests", async () => {
  const check = validateRequest(await readOperation(withSchemas({ A0: true as unknown })));
  const failsWith = (status: number, body: string) =>
    rejects(check(jsonRequest(body)), (error) => error instanceof HttpError && error.status === status);
  await failsWith(400, `${"[".repeat(200)}${"]".repeat(200)}`);
  await failsWith(400, `${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}`);
  await failsWith(400, '{"a":');
});

Deno.test("names in a document are never code, whatever they are", async () => {
  const nasty = `"];globalThis.harmed=true;//\u2028\\'\`\${globalThis.harmed=true}\n*/`;
  const schema = {
    type: "object",
    required: [nasty],
    properties: { [nasty]: { enum: [nasty], type: "string" }, "": { const: nasty } },
    patternProperties: { "^x": { type: "string", format: "date" } },
    dependentRequired: { [nasty]: [""] },
    [nasty]: nasty,
    $comment: nasty,
    title: nasty,
  };
  const check = validateRequest(await readOperation(withSchemas({ A0: schema })));
  deepEqual((await check(jsonRequest({ [nasty]: nasty, "": nasty }))).violations, []);
  equal((await check(jsonRequest({}))).violations.length, 1);
  equal(Reflect.get(globalThis, "harmed"), undefined);
});

Deno.test("members of a document that are called as the prototype change nothing", async () => {
  const text = oneOperation({}).replace('"info"', '"__proto__":{"polluted":1},"info"');
  const document = await readDocument(text).catch((error) => error as Error);
  equal(document instanceof Error ? /Cannot use/.test(document.message) : true, true);
  equal(Reflect.get({}, "polluted"), undefined);
});

Deno.test("nothing is written to the console, whatever a schema says", async () => {
  const written: unknown[] = [];
  const kept = { log: console.log, warn: console.warn, error: console.error };
  Object.assign(console, {
    log: written.push.bind(written),
    warn: written.push.bind(written),
    error: written.push.bind(written),
  });
  try {
    const schema = {
      type: "string",
      format: "no-such",
      minItems: 1,
      unknown: 1,
      nullable: true,
      if: {},
      minContains: 0,
    };
    const check = validateRequest(await readOperation(withSchemas({ A0: schema })));
    await check(jsonRequest("1"));
    await readDocument(oneOperation(withSchemas({ A0: schema })) + "\n# !!unknown");
  } finally {
    Object.assign(console, kept);
  }
  deepEqual(written, []);
});
