import { deepEqual, equal, rejects } from "node:assert/strict";
import { HttpError } from "../../../src/errors.ts";
import { oneOperation, readOperation, refusal } from "../../support/openapi.ts";
import { validateRequest } from "../../../src/gateway/openapi/request_check.ts";

/** A parameter that must be exactly one value, so that what was read is seen. */
function exactly(value: unknown, rest: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const schema = Array.isArray(value)
    ? { type: "array", items: { type: typeof value[0] }, const: value }
    : typeof value === "object" && value !== null
    ? { type: "object", properties: { R: { type: "integer" }, G: {}, B: { type: "integer" } }, const: value }
    : { type: typeof value, const: value };
  return { name: "color", required: true, schema, ...rest };
}

async function told(parameter: unknown, url: string, headers: Record<string, string> = {}): Promise<string[]> {
  const where = (parameter as { in: string }).in;
  const operation = await readOperation({ path: where === "path" ? "/a/{color}" : "/a", parameters: [parameter] });
  const { violations } = await validateRequest(operation)(new Request(url, { method: "POST", headers }));
  return violations.map((one) => `${one.in} ${one.pointer} ${one.keyword}`);
}

const array = ["blue", "black", "brown"];
const object = { R: 100, G: "200", B: 150 };

// The table of OpenAPI 3.1.1 §4.8.12.4.
const rows: [where: string, style: string, explode: boolean, value: unknown, written: string][] = [
  ["path", "matrix", false, "blue", ";color=blue"],
  ["path", "matrix", false, "", ";color"],
  ["path", "matrix", false, array, ";color=blue,black,brown"],
  ["path", "matrix", false, object, ";color=R,100,G,200,B,150"],
  ["path", "matrix", true, "blue", ";color=blue"],
  ["path", "matrix", true, array, ";color=blue;color=black;color=brown"],
  ["path", "matrix", true, object, ";R=100;G=200;B=150"],
  ["path", "label", false, "blue", ".blue"],
  ["path", "label", false, array, ".blue,black,brown"],
  ["path", "label", false, object, ".R,100,G,200,B,150"],
  ["path", "label", true, array, ".blue.black.brown"],
  ["path", "label", true, object, ".R=100.G=200.B=150"],
  ["path", "simple", false, "blue", "blue"],
  ["path", "simple", false, array, "blue,black,brown"],
  ["path", "simple", false, object, "R,100,G,200,B,150"],
  ["path", "simple", true, array, "blue,black,brown"],
  ["path", "simple", true, object, "R=100,G=200,B=150"],
  ["path", "simple", false, ["a,b", "c/d"], "a%2Cb,c%2Fd"],
  ["query", "form", false, "blue", "color=blue"],
  ["query", "form", false, "", "color="],
  ["query", "form", false, array, "color=blue,black,brown"],
  ["query", "form", false, object, "color=R,100,G,200,B,150"],
  ["query", "form", true, array, "color=blue&color=black&color=brown"],
  ["query", "form", true, object, "R=100&G=200&B=150"],
  ["query", "form", false, ["a,b", "c d", "e"], "color=a%2Cb,c%20d,e"],
  ["query", "form", true, "a b&c=d", "color=a+b%26c=d"],
  ["query", "spaceDelimited", false, array, "color=blue%20black%20brown"],
  ["query", "spaceDelimited", false, object, "color=R%20100%20G%20200%20B%20150"],
  ["query", "pipeDelimited", false, array, "color=blue%7Cblack%7Cbrown"],
  ["query", "pipeDelimited", false, array, "color=blue|black|brown"],
  ["query", "pipeDelimited", false, object, "color=R%7C100%7CG%7C200%7CB%7C150"],
  ["query", "deepObject", true, object, "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150"],
  ["query", "deepObject", true, object, "color[R]=100&color[G]=200&color[B]=150"],
  ["header", "simple", false, "blue", "blue"],
  ["header", "simple", false, array, "blue, black,brown"],
  ["header", "simple", false, object, "R,100,G,200,B,150"],
  ["header", "simple", true, object, "R=100,G=200,B=150"],
  ["cookie", "form", false, "blue", "a=b; color=blue"],
  ["cookie", "form", false, array, "color=blue,black,brown"],
  ["cookie", "form", false, 7, "color=7; color=8"],
  ["query", "form", true, true, "color=true"],
  ["query", "form", true, -1.5e3, "color=-1.5e3"],
  ["query", "form", true, [1, 2], "color=1&color=2"],
  ["header", "simple", false, [1, 2], "1,2"],
];

for (const [where, style, explode, value, written] of rows) {
  Deno.test(`a parameter in ${where}, ${style}${explode ? ", exploded" : ""}: ${written} is ${JSON.stringify(value)}`, async () => {
    const parameter = exactly(value, { in: where, style, explode });
    const url = where === "path"
      ? `http://h/v1/a/${written}`
      : `http://h/a?x=1${where === "query" ? `&${written}` : ""}`;
    const headers: Record<string, string> = where === "header"
      ? { color: written }
      : where === "cookie"
      ? { cookie: written }
      : {};
    deepEqual(await told(parameter, url, headers), []);
  });
}

const wrong: [what: string, parameter: Record<string, unknown>, url: string, told: string[]][] = [
  ["is not there", { in: "query", required: true, schema: {} }, "http://h/a", ["query /color required"]],
  ["need not be there", { in: "query", schema: { type: "integer" } }, "http://h/a", []],
  ["is no integer", { in: "query", schema: { type: "integer" } }, "http://h/a?color=1.0", ["query /color type"]],
  ["is empty", { in: "query", schema: { type: "integer" } }, "http://h/a?color=", ["query /color type"]],
  ["may be empty", { in: "query", allowEmptyValue: true, schema: { type: "integer" } }, "http://h/a?color", []],
  ["has a leading zero", { in: "query", schema: { type: "integer" } }, "http://h/a?color=01", ["query /color type"]],
  ["is not exactly true", { in: "query", schema: { type: "boolean" } }, "http://h/a?color=True", ["query /color type"]],
  ["comes twice", { in: "query", schema: { type: "string" } }, "http://h/a?color=1&color=2", ["query /color style"]],
  [
    "has a bad item",
    { in: "query", schema: { type: "array", items: { type: "integer" } } },
    "http://h/a?color=1&color=b",
    [
      "query /color/1 type",
    ],
  ],
  [
    "lacks a property",
    { in: "query", style: "deepObject", schema: { type: "object", required: ["a"], properties: { a: {} } } },
    "http://h/a?color[b]=1",
    ["query /color/a required"],
  ],
  ["nests deeper", { in: "query", style: "deepObject", schema: { type: "object" } }, "http://h/a?color[a][b]=1", [
    "query /color style",
  ]],
  ["is not in its style", { in: "path", required: true, style: "label", schema: { type: "integer" } }, "http://h/a/7", [
    "path /color style",
  ]],
  ["has an odd part", { in: "path", required: true, schema: { type: "object" } }, "http://h/a/R,100,G", [
    "path /color style",
  ]],
  [
    "may be a number or a text",
    { in: "query", schema: { type: ["integer", "string"], pattern: "^7$" } },
    "http://h/a?color=7",
    [],
  ],
  [
    "is one of two",
    { in: "query", schema: { oneOf: [{ type: "integer", minimum: 5 }, { enum: ["all"] }] } },
    "http://h/a?color=all",
    [],
  ],
  ["is one of numbers", { in: "query", schema: { enum: [1, 2] } }, "http://h/a?color=2", []],
  [
    "is JSON",
    { in: "query", content: { "application/json": { schema: { type: "object", required: ["a"] } } } },
    "http://h/a?color=%7B%22b%22:1%7D",
    [
      "query /color/a required",
    ],
  ],
  ["is no JSON", { in: "query", content: { "application/json": { schema: {} } } }, "http://h/a?color=%7B", [
    "query /color content",
  ]],
];

for (const [what, parameter, url, expected] of wrong) {
  Deno.test(`a parameter that ${what} is told as ${expected.join(", ") || "right"}`, async () => {
    deepEqual(await told({ name: "color", ...parameter }, url), expected);
  });
}

Deno.test("a parameter with a reference has the type of what it leads to, and names that objects inherit are only names", async () => {
  const operation = await readOperation({
    parameters: [{ name: "constructor", in: "query", schema: { $ref: "#/components/schemas/Count" } }, {
      name: "__proto__",
      in: "query",
      style: "deepObject",
      schema: { type: "object", additionalProperties: { type: "integer" } },
    }],
    schemas: { Count: { allOf: [{ type: "integer" }, { minimum: 3 }] } },
  });
  const check = validateRequest(operation);
  const tell = async (query: string) =>
    (await check(new Request(`http://h/a?${query}`, { method: "POST" }))).violations.map(({ pointer }) => pointer);
  deepEqual(await tell("constructor=2&__proto__[__proto__]=x"), ["/constructor", "/__proto__/__proto__"]);
  deepEqual(await tell("constructor=4&__proto__[toString]=1"), []);
  equal(({} as Record<string, unknown>).toString, Object.prototype.toString);
});

Deno.test("what can't be decoded is no request at all", async () => {
  const operation = await readOperation({ parameters: [{ name: "a", in: "query", schema: {} }] });
  const failed = validateRequest(operation)(new Request("http://h/a?a=%ff", { method: "POST" }));
  await rejects(failed, (error) => error instanceof HttpError && error.status === 400);
});

Deno.test("a style that its place has not is refused when the document is read", async () => {
  const said = await refusal(oneOperation({ parameters: [{ name: "a", in: "header", style: "form", schema: {} }] }));
  equal(/style|form|const|enum|equal/.test(said), true, said);
});
