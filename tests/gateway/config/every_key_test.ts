/** Each key that the schema knows sets a member of the model, and its default is what the schema says. */

import { deepEqual, notDeepEqual } from "node:assert/strict";
import type { GatewayConfig } from "../../../src/gateway/config/model.ts";
import { configSchema } from "../../../src/gateway/config/schema.ts";
import type { JsonSchema } from "../../../src/gateway/config/schema/parts.ts";
import { policyRows, programRows, sourceRows, tableRows } from "./answerer_rows.ts";
import { makeConfigFolder } from "./config_folder.ts";
import type { Answerer, Row } from "./rows.ts";
import { rootRows, routesRows, serverRows } from "./server_rows.ts";
import { matchRows, notOfOperations, targetRows } from "./target_rows.ts";

/** Where rows stand: a text around a line, and what is looked at in its config. */
interface Setting<T> {
  /** Of the keys that it covers, such as `route.`. */
  readonly prefix: string;
  readonly rows: readonly Row<T>[];
  readonly text: (line: string) => string;
  readonly get: (config: GatewayConfig) => T;
}

const TAIL = "\n[registry]\nhubs = 'h:1'\n[mesh]\nlisten = ':9'\n";
const setting = <T>(
  prefix: string,
  rows: readonly Row<T>[],
  text: (line: string) => string,
  get: (config: GatewayConfig) => T,
) => ({ prefix, rows, text, get }) as unknown as Setting<unknown>;
const firstRoute = ({ servers: [server] }: GatewayConfig) => server.routes[0];
const operation = ({ servers: [server] }: GatewayConfig) => server.openapi!.operations.a;
const withRun = (head: string) => (line: string) => `${head}\nrun = 'hello.py'\n${line}`;
const ROUTE = "[[routes]]\npath = '/x/*rest'";
const OPERATION = "[openapi]\ndocument = 'petstore.yaml'\n[openapi.operations.a]";
const RUN = "[[routes]]\npath = '/'\nrun = 'hello.py'\n";
const answererRows = [...policyRows, ...programRows];

const settings: readonly Setting<unknown>[] = [
  setting("route.", answererRows, withRun(ROUTE), firstRoute),
  setting("operation.", answererRows, withRun(OPERATION), operation),
  setting("defaults.", answererRows, (line) => `[defaults]\n${line}\n${RUN}`, firstRoute),
  setting(
    "server.defaults.",
    answererRows,
    (line) => `[[servers]]\n[servers.defaults]\n${line}\n[[servers.routes]]\npath = '/'\nrun = 'hello.py'`,
    firstRoute,
  ),
  setting("", sourceRows, withRun(ROUTE), firstRoute),
  setting("route.", targetRows, (line) => `${ROUTE}\n${line}${TAIL}`, firstRoute),
  setting(
    "operation.",
    targetRows.filter(([key]) => !notOfOperations.includes(key)),
    (line) => `${OPERATION}\n${line}${TAIL}`,
    operation,
  ),
  setting("part.", targetRows, (line) => `${ROUTE}\n[[routes.split]]\nweight = 3\n${line}${TAIL}`, (config) => {
    const { policy, target } = firstRoute(config);
    return { policy, target: target.kind === "split" ? target.parts[0].target : target };
  }),
  setting(
    "route.",
    matchRows,
    (line) => `[[routes]]\n${line}${line.includes("split") ? "" : "\nrun = 'hello.py'"}`,
    firstRoute,
  ),
  setting("run.", tableRows, (line) => `${ROUTE}\nrun = { ${line.replaceAll("\n", ", ")} }`, firstRoute),
  setting("program.", tableRows, (line) => `${ROUTE}\nchain = [{ ${line.replaceAll("\n", ", ")} }]`, firstRoute),
  setting("", serverRows, (line) => `${line}\n${RUN}`, ({ servers: [server] }) => server),
  setting(
    "server.",
    serverRows,
    (line) => `[[servers]]\n${line}\n[[servers.routes]]\npath = '/'\nrun = 'hello.py'`,
    ({ servers: [server] }) => server,
  ),
  setting("", rootRows, (line) => `${line}\n${RUN}reply = true`, (config) => config),
  setting("", routesRows, (line) => line, ({ servers: [server] }) => server),
  setting("server.", routesRows, (line) => `[[servers]]\n${line}`, ({ servers: [server] }) => server),
  setting(
    "operation.",
    [
      ["validateIn", "«validateIn = $»", "false", ({ validateIn }) => validateIn, false],
      ["validateOut", "validateOut = $", '"off"', ({ validateOut }) => validateOut, "off"],
      ["split", "split = $", "[{ weight = 1, respond = 'a' }]", ({ target }) => target.kind, "split"],
    ] as Row<ReturnType<typeof operation>>[],
    (line) => `${OPERATION}\n${line}${line.includes("split") ? "" : "\nrun = 'hello.py'"}`,
    operation,
  ),
  setting(
    "part.",
    [
      ["weight", "weight = $", "3", ({ target }) => target.kind === "split" && target.parts[0].weight, 3],
    ] as Row<Answerer>[],
    (line) => `${ROUTE}\n[[routes.split]]\n${line}\nrespond = 'x'`,
    firstRoute,
  ),
];

/** Keys of a schema, as `defaults.cors.maxAge`; what is defined begins with its name: `route.path`. */
function* keysOf(schema: JsonSchema, prefix: string): Generator<[key: string, schema: JsonSchema]> {
  for (const [name, member] of Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>)) {
    yield [`${prefix}${name}`, member];
    yield* keysOf(member, `${prefix}${name}.`);
  }
}

const known = new Map([
  ...keysOf(configSchema, ""),
  ...Object.entries(configSchema.$defs as Record<string, JsonSchema>).flatMap(([name, schema]) => [
    ...keysOf(schema, `${name}.`),
  ]),
]);
/** It is for editors alone. */
known.delete("$schema");

Deno.test("every key of the schema has a row that says what it sets", () => {
  const rows = new Set(settings.flatMap(({ prefix, rows }) => rows.map(([key]) => prefix + key)));
  const refused = notOfOperations.map((key) => `operation.${key}`);
  deepEqual([...known.keys()].filter((key) => !rows.has(key) && !refused.includes(key)), []);
  deepEqual([...rows].filter((key) => !known.has(key)), []);
});

Deno.test("every key of the schema sets what its row says, and without it that is something else", async () => {
  await using folder = await makeConfigFolder();
  for (const { prefix, rows, text, get } of settings) {
    for (const [key, line, value, look, expected] of rows) {
      const found = look(get(folder.parse(text(withValue(line, value)))));
      if (key === "run") like(found, expected, prefix + key);
      else deepEqual(found, expected, prefix + key);
      const bare = without(line);
      if (bare === undefined) continue;
      notDeepEqual(look(get(folder.parse(text(bare)))), expected, `${prefix}${key} without it`);
    }
  }
});

Deno.test("every default that the schema tells is what holds where nothing is said", async () => {
  await using folder = await makeConfigFolder();
  const told = new Map([...known].filter(([, schema]) => schema.default !== undefined));
  const tried = new Set(notOfOperations.map((key) => `operation.${key}`));
  for (const { prefix, rows, text, get } of settings) {
    for (const [key, line, , look] of rows) {
      const value = told.get(prefix + key)?.default;
      const bare = without(line);
      if (value === undefined || bare === undefined) continue;
      const said = look(get(folder.parse(text(withValue(line, JSON.stringify(value))))));
      deepEqual(said, look(get(folder.parse(text(bare)))), `${prefix}${key} is ${value} by default`);
      tried.add(prefix + key);
    }
  }
  deepEqual([...told.keys()].filter((key) => !tried.has(key)), []);
});

Deno.test("what answers all paths below one is refused for an operation", async () => {
  await using folder = await makeConfigFolder();
  for (const [key, line, value] of targetRows.filter(([key]) => notOfOperations.includes(key))) {
    const [message] = folder.faults(`${OPERATION}\n${withValue(line, value)}`);
    deepEqual(/answers all paths below one/.test(message), true, `${key}: ${message}`);
  }
});

/** A line with a value for its key. */
function withValue(line: string, value: string): string {
  return line.replace(/[«»]/g, "").replace("$", value);
}

/** A line without the key that is looked at; undefined where nothing would be left that can stand. */
function without(line: string): string | undefined {
  return line.includes("«") ? line.replace(/«[^]*»/, "") : undefined;
}

function like(found: unknown, expected: unknown, message: string): void {
  const { file, args } = found as { file: string; args: readonly string[] };
  deepEqual({ file: file.slice(file.lastIndexOf("/") + 1), args }, expected, message);
}
