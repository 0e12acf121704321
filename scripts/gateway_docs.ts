/** Writes the tables of a gateway file's keys into its pages, from the schema; with `--check` only says whether they are there. */

import { configSchema } from "../src/gateway/config/schema.ts";
import type { JsonSchema, Members } from "../src/gateway/config/schema/parts.ts";
import { policyDefinitions, policyMembers } from "../src/gateway/config/schema/policy_schema.ts";
import { programDefaults, programDefinitions } from "../src/gateway/config/schema/program_schema.ts";
import { serverDefinitions, serverMembers } from "../src/gateway/config/schema/server_schema.ts";
import { splitMember, targetDefinitions, targetMembers } from "../src/gateway/config/schema/target_schema.ts";
import { BYTES_PATTERN, DURATION_PATTERN } from "../src/bytes/quantity.ts";

const PAGES = ["gateway.md", "openapi.md", "reply.md", "tls.md"].map((name) =>
  new URL(`../docs/${name}`, import.meta.url)
);
const TABLE = /<!-- keys of (\w+): written by scripts\/gateway_docs.ts -->\n[^]*?<!-- end of keys -->/g;

const top = membersOf(configSchema);
const { tls, openapi, ...server } = serverMembers;
const { reply, ...targets } = { ...targetMembers, ...splitMember };
const route = membersOf(serverDefinitions.route);
const shared = { ...targetMembers, ...splitMember, ...policyMembers, ...programDefaults };

/** Which keys each table has. */
export const tables: Readonly<Record<string, Members>> = {
  file: without(top, [...Object.keys(serverMembers), "reply"]),
  server,
  route: without(route, Object.keys(shared)),
  target: { ...targets, weight: membersOf(targetDefinitions.part).weight },
  policy: policyMembers,
  user: membersOf(policyDefinitions.user),
  source: membersOf(policyDefinitions.secret),
  defaults: programDefaults,
  program: without(membersOf(programDefinitions.program), Object.keys(programDefaults)),
  openapi: membersOf(openapi),
  operation: without(membersOf(serverDefinitions.operation), Object.keys(shared)),
  tls: membersOf(tls),
  reply: membersOf(reply),
  socket: membersOf(top.reply),
};

/** The pages as they are, and as they have to be. */
export async function gatewayPages(): Promise<readonly { page: URL; present: string; wanted: string }[]> {
  return await Promise.all(PAGES.map(async (page) => {
    const present = await Deno.readTextFile(page);
    const wanted = present.replace(TABLE, (_, name: string) => {
      return `<!-- keys of ${name}: written by scripts/gateway_docs.ts -->\n\n${
        table(tables[name])
      }\n<!-- end of keys -->`;
    });
    return { page, present, wanted };
  }));
}

function membersOf(schema: JsonSchema): Members {
  return schema.properties as Members;
}

function without(members: Members, names: readonly string[]): Members {
  return Object.fromEntries(Object.entries(members).filter(([name]) => !names.includes(name)));
}

/** A table as `deno fmt` leaves it. */
function table(members: Members): string {
  const rows = [["key", "default", "meaning"], ...rowsOf(members, "")];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |\n`;
  const [head, ...others] = rows;
  return [head, widths.map((width) => "-".repeat(width)), ...others].map(line).join("");
}

/** A row for each key, with those of the table that it may be behind it. */
function rowsOf(members: Members, prefix: string): string[][] {
  return Object.entries(members).flatMap(([name, schema]) => {
    const full = schema.$ref === undefined ? schema : { ...definitionOf(schema.$ref as string), ...schema };
    const row = [`\`${prefix}${name}\``, defaultOf(schema), meaningOf(full)];
    const isOwnTable = schema.$ref !== undefined || name === "defaults";
    return [row, ...isOwnTable || !schema.properties ? [] : rowsOf(membersOf(schema), `${prefix}${name}.`)];
  });
}

function definitionOf(ref: string): JsonSchema {
  return (configSchema.$defs as Members)[ref.slice("#/$defs/".length)];
}

/** What a key says, with the words that it may be. */
function meaningOf({ description, enum: words }: JsonSchema): string {
  const choice = words === undefined ? "" : ` One of ${(words as readonly unknown[]).join(", ")}.`;
  return `${description ?? ""}${choice}`.replaceAll("|", "\\|");
}

function defaultOf({ default: value, pattern }: JsonSchema): string {
  if (value === undefined) return "";
  if (typeof value !== "number") return `\`${value}\``;
  const units = UNITS[String(pattern)] ?? [];
  const [unit, size] = units.find(([, size]) => value > 0 && value % size === 0) ?? ["", 1];
  return `\`${value / size}${unit}\``;
}

const UNITS: Readonly<Record<string, readonly (readonly [unit: string, size: number])[]>> = {
  [DURATION_PATTERN]: [["d", 86_400_000], ["h", 3_600_000], ["m", 60_000], ["s", 1000], ["ms", 1]],
  [BYTES_PATTERN]: [["g", 1024 ** 3], ["m", 1024 ** 2], ["k", 1024]],
};

if (import.meta.main) {
  for (const { page, present, wanted } of await gatewayPages()) {
    if (present === wanted) continue;
    if (Deno.args.includes("--check")) {
      console.error(`${page.pathname} has other keys than the schema: run deno run -A scripts/gateway_docs.ts`);
      Deno.exit(1);
    }
    await Deno.writeTextFile(page, wanted);
  }
}
