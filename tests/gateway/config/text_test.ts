/** Files as data of which every part has its line, and files that are made to hurt. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { ConfigError, keyText, type Path } from "../../../src/gateway/config/fault.ts";
import { readConfig } from "../../../src/gateway/config/read_config.ts";
import { parseDocument } from "../../../src/gateway/config/text/document.ts";
import { gatewayLimits } from "../../../src/gateway/limits.ts";
import { makeFolder } from "../../support/folder.ts";

/** All numbers in a value, with their places. */
function* numbers(value: unknown, path: Path = []): Generator<readonly [Path, number]> {
  if (typeof value === "number") yield [path, value];
  if (Array.isArray(value)) { for (const [index, item] of value.entries()) yield* numbers(item, [...path, index]); }
  else if (typeof value === "object" && value !== null) {
    for (const [name, inner] of Object.entries(value)) yield* numbers(inner, [...path, name]);
  }
}

/** Texts in which every number is the line that it stands on. */
const numbered: Readonly<Record<string, string>> = {
  "a.toml": `one = 1
"quoted \\"name\\"" = 2
'literal.name' = { a = 3, "b" = [3, { c = 3 }] } # not = 99
dotted.a."b.c" = 4
list = [ # a comment with ] and "
  6, [
  7, """a "quoted" ]
""\\"""", 8],

  { x = 10 }, 10
]
day = 1979-05-27 07:32:00
text = '''
''14 = 14'''''
four = 15

[table]
a = 18
[table.inner]
b = 20 \t
[[routes]]
a = 22
  [routes.cors]
  b = 24
  [[routes.split]]
  c = 26
  [[routes.split]]
  c = 28
  [routes.split.run]
  d = 30
[[routes]]
a = 32\r
[[routes.split]]
c = 34
[[ "routes" . 'split' ]]
c = 36
`,
  "a.yaml": `one: 1
"quoted: name": 2
list:
  - 4
  - - 5
    - a: 6
      b: [7, {c: 7},
        8]
text: |
  ten: 99
eleven: 11
anchor: &a
  x: 13
`,
  "a.json": `{
  "one": 2,
  "list": [3, {"a": 3},
    4], "b": {
    "c": [[5]]
  }
}`,
};

Deno.test("every value of a file has the line that it stands on", () => {
  for (const [name, text] of Object.entries(numbered)) {
    const document = parseDocument(text, name);
    const found = [...numbers(document.data)];
    ok(found.length > 4, name);
    for (const [path, line] of found) equal(document.positionOf(path).line, line, `${name}: ${keyText(path)}`);
  }
});

Deno.test("what is not there has the place of what it would stand in", () => {
  const document = parseDocument("a = 1\n[[routes]]\n\n[[routes]]\nb = 2\n", "a.toml");
  deepEqual(document.positionOf(["routes", 1, "missing", "more"]), { line: 4, column: 3 });
  deepEqual(document.positionOf(["nothing"]), { line: 1, column: 1 });
});

Deno.test("an alias of YAML has the line of what it stands for, or its own", () => {
  const text = "base: &base\n  a: 1\nroutes:\n  - *base\n  - <<: *base\n    b: 2\n";
  const document = parseDocument(text, "a.yaml");
  deepEqual(document.data, { base: { a: 1 }, routes: [{ a: 1 }, { a: 1, b: 2 }] });
  equal(document.positionOf(["routes", 0, "a"]).line, 4);
  equal(document.positionOf(["routes", 1, "a"]).line, 5);
  equal(document.positionOf(["routes", 1, "b"]).line, 6);
});

/** Aliases that each stand for nine of the ones before. */
function bomb(first: string, item: (name: string) => string): string {
  const names = [..."abcdefghi"];
  return names.map((name, i) => `${name}: &${name} ${i === 0 ? first : item(names[i - 1])}`).join("\n");
}

Deno.test("files that would grow, nest or never end are refused soon", () => {
  const many = (name: string) => Array(9).fill(`*${name}`).join(", ");
  const hostile: readonly (readonly [name: string, text: string, message: RegExp])[] = [
    ["a.yaml", bomb("[1, 2, 3]", (name) => `[${many(name)}]`), /aliases that multiply/],
    ["a.yaml", bomb("{a: 1}", (name) => `{x: *${name}, <<: [${many(name)}]}`), /aliases that multiply/],
    ["a.yaml", "a: &a [*a]", /nests deeper than 64 levels/],
    ["a.yaml", "[".repeat(20_000), /nests too deeply|YAML/],
    ["a.json", "[".repeat(20_000), /JSON/],
    ["a.json", "[".repeat(5_000) + "]".repeat(5_000), /nests/],
    ["a.toml", "a = " + "[".repeat(20_000), /TOML/],
    ["a.toml", "a = " + "[".repeat(100) + "]".repeat(100), /nests deeper than 64 levels/],
  ];
  for (const [name, text, message] of hostile) {
    const begin = performance.now();
    try {
      parseDocument(text, name);
      ok(false, `${name} was read: ${text.slice(0, 40)}`);
    } catch (error) {
      ok(error instanceof ConfigError, String(error));
      match(error.message, message);
    }
    ok(performance.now() - begin < 5000, `${name} took too long: ${text.slice(0, 40)}`);
  }
});

Deno.test("readConfig() refuses files that are missing, too long, no text, or no files", async () => {
  await using folder = await makeFolder({
    "long.toml": new Uint8Array(gatewayLimits.configBytes + 1).fill(10),
    "binary.toml": new Uint8Array([0x61, 0xff, 0xfe]),
  });
  await Deno.mkdir(folder.file("folder.toml"));
  const messages = ["missing.toml", "long.toml", "binary.toml", "folder.toml"].map((name) => {
    try {
      readConfig(folder.file(name));
    } catch (error) {
      return error instanceof ConfigError ? error.message.replace(`${folder.path}/`, "") : error;
    }
  });
  deepEqual(messages, [
    "missing.toml:1: is not there",
    "long.toml:1: is longer than 16777216 bytes, which no file of routes is",
    "binary.toml:1: is no text in UTF-8",
    "folder.toml:1: is not a file",
  ]);
});

Deno.test("ConfigError tells its faults in the order of the file, with columns for editors", async () => {
  await using folder = await makeFolder({ "a.toml": "zzz = 1\n[[routes]]\n  timout = 3\n  path = '/x'\n" });
  try {
    readConfig(folder.file("a.toml"));
    ok(false, "it was read");
  } catch (error) {
    ok(error instanceof ConfigError);
    const file = folder.file("a.toml");
    const message = 'is no setting; did you mean "timeout"?';
    deepEqual(error.faults.map(({ line }) => line), [1, 3]);
    deepEqual(error.faults[1], { file, line: 3, column: 3, key: "routes[0].timout", message });
    equal(error.message.split("\n")[1], `${file}:3: routes[0].timout: ${message}`);
  }
});
