import { deepEqual, equal, match, ok } from "node:assert/strict";
import { exampleOf } from "../../../src/gateway/openapi/example_value.ts";
import type { Use } from "../../../src/gateway/openapi/schema_context.ts";
import { oneOperation, readOperation, refusal } from "../../support/openapi.ts";

type Schemas = Readonly<Record<string, unknown>>;

/** Tells `pointer keyword` of each fault, of a value of a schema. */
async function checkOf(schema: unknown, schemas: Schemas = {}, version = "3.1.0", use: Use = "request") {
  const content = { "application/json": { schema } };
  const operation = await readOperation({
    version,
    schemas,
    ...use === "request" ? { content } : { responses: { 200: { description: "a", content } } },
  });
  const media = use === "request" ? operation.body!.contents[0] : operation.answers[0].contents![0];
  const check = operation.model.checks.check(media.schema!, use);
  return {
    tell: (value: unknown) => check(value).map(({ pointer, keyword }) => `${pointer} ${keyword}`),
    example: () => exampleOf(operation.model, media, use),
  };
}

/** Name, schema, values that fit, and values that don't with what is told. */
type Row = [
  name: string,
  schema: unknown,
  right: unknown[],
  wrong: [value: unknown, ...told: string[]][],
  schemas?: Schemas,
];

const json = (text: string): unknown => JSON.parse(text);

const inBoth: Row[] = [
  ["types", { type: "integer" }, [1, 1.0, -3], [[1.5, " type"], ["1", " type"], [null, " type"]]],
  ["numbers", { minimum: 1, maximum: 3, multipleOf: 0.01 }, [1, 2.01, 1.13], [[0.5, " minimum"], [4, " maximum"], [
    1.001,
    " multipleOf",
  ]]],
  ["lengths in characters", { type: "string", minLength: 2, maxLength: 2 }, ["ab", "😀😀"], [["a", " minLength"], [
    "abc",
    " maxLength",
  ]]],
  ["every fault", { type: "object", required: ["a", "b"], properties: { c: { type: "string" } } }, [{ a: 1, b: 2 }], [
    [{ c: 1 }, "/a required", "/b required", "/c type"],
  ]],
  ["pointers with marks", { properties: { "a/b~c": { type: "array", items: { enum: [1] } } } }, [{ "a/b~c": [1] }], [
    [{ "a/b~c": [1, 2] }, "/a~1b~0c/1 enum"],
  ]],
  ["properties that are not allowed", { properties: { a: {} }, additionalProperties: false }, [{ a: 1 }, {}], [
    [{ a: 1, b: 1, "c/d": 2 }, "/b additionalProperties", "/c~1d additionalProperties"],
  ]],
  ["other properties", { properties: { a: {} }, additionalProperties: { type: "integer" } }, [{ a: "x", b: 1 }], [[{
    b: "x",
  }, "/b type"]]],
  ["names that objects inherit", {
    required: ["constructor", "toString"],
    properties: { valueOf: { type: "integer" } },
  }, [
    { constructor: 1, toString: 2 },
  ], [[{}, "/constructor required", "/toString required"]]],
  ["a name that would be the prototype", { properties: { a: {} }, additionalProperties: false }, [], [
    [json('{"__proto__": {"a": 1}}'), "/__proto__ additionalProperties"],
  ]],
  ["enums of all kinds", { enum: [1, "1", [1, { a: 1, b: 2 }], true] }, [1, "1", [1, { b: 2, a: 1 }], true], [
    [2, " enum"],
    ["true", " enum"],
    ["[1,{}]", " enum"],
    [null, " enum"],
  ]],
  ["items that are all different", { uniqueItems: true }, [[1, "1", [1], { a: 1 }], []], [[[{ a: 1, b: 2 }, {
    b: 2,
    a: 1,
  }], " uniqueItems"]]],
  ["all of", { allOf: [{ required: ["a"] }, { required: ["b"] }] }, [{ a: 1, b: 1 }], [[
    {},
    "/a required",
    "/b required",
  ]]],
  ["one of", { oneOf: [{ type: "integer" }, { minimum: 2 }] }, [1, 2.5], [[3, " oneOf"], [
    1.5,
    " type",
    " minimum",
    " oneOf",
  ]]],
  ["any of", { anyOf: [{ type: "integer" }, { type: "string" }] }, [1, "a"], [[null, " type", " type", " anyOf"]]],
  ["not", { not: { type: "string" } }, [1], [["a", " not"]]],
  ["formats", {
    properties: {
      date: { type: "string", format: "date" },
      time: { type: "string", format: "date-time" },
      mail: { type: "string", format: "email" },
      id: { type: "string", format: "uuid" },
      i32: { type: "integer", format: "int32" },
      i64: { type: "integer", format: "int64" },
      float: { type: "number", format: "float" },
      byte: { type: "string", format: "byte" },
      secret: { type: "string", format: "password" },
      own: { type: "string", format: "our-own" },
    },
  }, [
    {
      date: "2024-02-29",
      time: "2024-02-29T12:00:00+01:00",
      mail: "a@b.de",
      id: "123e4567-e89b-12d3-a456-426614174000",
    },
    { i32: -(2 ** 31), i64: 2 ** 53, float: 1.5, byte: "aGk=", secret: "any", own: "any" },
  ], [
    [
      { date: "2023-02-29", time: "noon", mail: "a@", id: "1" },
      "/date format",
      "/time format",
      "/mail format",
      "/id format",
    ],
    [
      { i32: 2 ** 31, i64: 1e30, float: 1e300, byte: "a\n" },
      "/i32 format",
      "/i64 format",
      "/float format",
      "/byte format",
    ],
  ]],
  ["schemas that hold themselves", { $ref: "#/components/schemas/Tree" }, [{ children: [{ children: [] }] }], [
    [{ children: [{ children: [{ children: 1 }] }] }, "/children/0/children/0/children type"],
  ], {
    Tree: { type: "object", properties: { children: { type: "array", items: { $ref: "#/components/schemas/Tree" } } } },
  }],
  [
    "a discriminator",
    {
      oneOf: [{ $ref: "#/components/schemas/Cat" }, { $ref: "#/components/schemas/Dog" }],
      discriminator: { propertyName: "kind", mapping: { kitten: "#/components/schemas/Cat", hound: "Dog" } },
    },
    [{ kind: "Cat", lives: 9 }, { kind: "kitten", lives: 1 }, { kind: "hound" }],
    [
      [{ kind: "Cat" }, "/lives required"],
      [{ kind: "Fish" }, "/kind enum"],
      [{ lives: 9 }, "/kind required"],
      [7, " type", " oneOf"],
    ],
    {
      Cat: { type: "object", required: ["lives"], properties: { kind: { type: "string" } } },
      Dog: { type: "object" },
    },
  ],
  ["patterns", { type: "string", pattern: "^(a+)+$" }, ["aaa"], [["b", " pattern"]]],
];

const in30: Row[] = [
  ["null where it may be", { type: "string", nullable: true }, [null, "a"], [[1, " type"]]],
  ["null not by an enum alone", { type: "string", nullable: true, enum: ["a"] }, ["a"], [[null, " enum"]]],
  ["bounds that are excluded", { minimum: 1, exclusiveMinimum: true, maximum: 3, exclusiveMaximum: false }, [2, 3], [[
    1,
    " exclusiveMinimum",
  ], [4, " maximum"]]],
  ["nothing beside a reference", { $ref: "#/components/schemas/A", type: "string" }, [1], [["a", " type"]], {
    A: { type: "integer" },
  }],
];

const in31: Row[] = [
  ["lists of types", { type: ["string", "null"] }, [null, "a"], [[1, " type"]]],
  ["bounds as numbers", { exclusiveMinimum: 1 }, [2], [[1, " exclusiveMinimum"]]],
  ["const", { const: { a: [1] } }, [{ a: [1] }], [[{ a: [2] }, " const"]]],
  ["words beside a reference", { $ref: "#/components/schemas/A", minimum: 3 }, [3], [[2, " minimum"], ["a", " type"]], {
    A: { type: "integer" },
  }],
  ["if, then, else", { if: { type: "integer" }, then: { minimum: 3 }, else: { type: "string" } }, [3, "a"], [[
    2,
    " minimum",
  ], [null, " type"]]],
  ["items by place", { prefixItems: [{ type: "integer" }], items: { type: "string" } }, [[1, "a"], [1]], [[
    ["a", 1],
    "/0 type",
    "/1 type",
  ]]],
  ["contains", { contains: { type: "integer" }, maxContains: 2 }, [["a", 1]], [[["a"], "/0 type", " contains"], [[
    1,
    2,
    3,
  ], " contains"]]],
  ["properties by pattern", { patternProperties: { "^x-": { type: "integer" } } }, [{ "x-a": 1, b: "a" }], [[{
    "x-a": "a",
  }, "/x-a type"]]],
  ["names of properties", { propertyNames: { maxLength: 2 } }, [{ ab: 1 }], [[
    { abc: 1 },
    "/abc maxLength",
  ]]],
  ["what depends on others", { dependentRequired: { a: ["b"] }, dependentSchemas: { c: { required: ["d"] } } }, [{
    b: 1,
  }, { a: 1, b: 1 }], [
    [{ a: 1, c: 1 }, "/b dependentRequired", "/d required"],
  ]],
  ["what nothing has looked at", { allOf: [{ properties: { a: {} } }], unevaluatedProperties: false }, [{ a: 1 }], [
    [{ a: 1, b: 1 }, "/b unevaluatedProperties"],
  ]],
  ["schemas that are true or false", { properties: { a: true, b: false } }, [{ a: 1 }], [[
    { b: 1 },
    "/b false schema",
  ]]],
];

for (const [versions, rows] of [[["3.0.3", "3.1.0"], inBoth], [["3.0.3"], in30], [["3.1.0"], in31]] as const) {
  for (const version of versions) {
    for (const [name, schema, right, wrong, schemas] of rows) {
      Deno.test(`schemas of ${version} know ${name}`, async () => {
        const { tell } = await checkOf(schema, schemas, version);
        for (const value of right) deepEqual(tell(value), [], JSON.stringify(value));
        for (const [value, ...told] of wrong) deepEqual(tell(value).sort(), told.sort(), JSON.stringify(value));
      });
    }
  }
}

const account = {
  type: "object",
  required: ["id", "name", "password"],
  properties: {
    id: { type: "integer", readOnly: true },
    name: { type: "string" },
    password: { $ref: "#/components/schemas/Secret" },
  },
};
const secrets = { Secret: { type: "string", writeOnly: true } };

Deno.test("properties that are read-only are not asked of clients, nor taken from them", async () => {
  const { tell } = await checkOf(account, secrets);
  deepEqual(tell({ name: "a", password: "b" }), []);
  deepEqual(tell({ id: 1, name: "a" }), ["/password required", "/id readOnly"]);
});

Deno.test("properties that are write-only are not asked of answers, nor let out in them", async () => {
  const { tell } = await checkOf(account, secrets, "3.1.0", "answer");
  deepEqual(tell({ name: "a", id: 1 }), []);
  deepEqual(tell({ name: "a", password: "b" }), ["/id required", "/password writeOnly"]);
});

Deno.test("one part may ask for what another one declares as read-only", async () => {
  const { tell } = await checkOf({
    allOf: [{ $ref: "#/components/schemas/Base" }, { type: "object", required: ["id"] }],
  }, {
    Base: { type: "object", properties: { id: { readOnly: true } } },
  });
  deepEqual(tell({}), []);
});

Deno.test("schemas that can't be carried out are refused with place and reason", async () => {
  const said = (schema: unknown) => refusal(oneOperation({ content: { "application/json": { schema } } }));
  match(await said({ $dynamicRef: "#a" }), /\/schema\/\$dynamicRef: it is not carried out/);
  match(await said({ properties: json('{"__proto__": {}}') }), /no property may be called __proto__/);
  match(await said({ type: "string", pattern: "(?=a)" }), /\/schema\/pattern: .*\(\?=a looks ahead or behind/);
  match(await said({ type: "string", pattern: "(a)\\1" }), /\\1 refers back/);
  match(await said({ patternProperties: { "(": {} } }), /patternProperties\/\(: .*can't be used/);
});

Deno.test("an example fits its schema, whatever its schema asks for", async () => {
  const schemas = {
    Node: {
      type: "object",
      required: ["name"],
      properties: { name: { type: "string" }, next: { $ref: "#/components/schemas/Node" } },
    },
    Cat: {
      type: "object",
      required: ["kind", "lives"],
      properties: { kind: { type: "string" }, lives: { type: "integer", minimum: 5 } },
    },
  };
  const all: unknown[] = [
    { $ref: "#/components/schemas/Node" },
    {
      oneOf: [{ $ref: "#/components/schemas/Cat" }],
      discriminator: { propertyName: "kind", mapping: { cat: "#/components/schemas/Cat" } },
    },
    { type: "string", pattern: "^[A-Z]{3}-(x|y)\\d+\\.$" },
    { type: "string", minLength: 20, maxLength: 20 },
    { type: "string", format: "date-time" },
    { type: "integer", exclusiveMinimum: 3, multipleOf: 4 },
    { type: "number", maximum: -3 },
    { type: "array", minItems: 3, items: { type: "boolean" } },
    { type: ["null", "integer"] },
    {
      allOf: [{ type: "object", required: ["a"], properties: { a: { const: 7 } } }, {
        required: ["b"],
        properties: { b: { enum: ["x"] } },
      }],
    },
    { type: "object", additionalProperties: { type: "integer" } },
    { type: "integer", example: "an example that does not fit" },
  ];
  for (const schema of all) {
    const { tell, example } = await checkOf(schema, schemas, "3.1.0", "answer");
    const value = example();
    ok(value !== undefined, JSON.stringify(schema));
    deepEqual(tell(value), [], `${JSON.stringify(schema)} ${JSON.stringify(value)}`);
  }
  const { example } = await checkOf({ type: "integer", examples: [42] });
  equal(example(), 42);
});
