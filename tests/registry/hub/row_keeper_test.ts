/** What is written to the disk, and what that is spared by: one row that can't be kept is nobody else's loss. */

import { deepEqual, equal, match, rejects } from "node:assert/strict";
import type { Row } from "../../../src/registry/federation/row.ts";
import { FolderError, RowKeeper } from "../../../src/registry/hub/row_keeper.ts";
import type { JsonValue } from "../../../src/registry/service.ts";
import { limits } from "../../../src/limits.ts";
import { type Folder, makeFolder } from "../../support/folder.ts";

function row(id: string, metadata: Readonly<Record<string, JsonValue>> = {}): Row {
  return { service: { id, role: "web", host: "h", port: 1, ...metadata }, owner: "o", incarnation: 1 };
}

/** Opens the folder, and gives what the log was told. */
async function open({ path }: Folder): Promise<{ keeper: RowKeeper; told: string[] }> {
  const told: string[] = [];
  const keeper = await RowKeeper.open(path, (_level, message) => told.push(message));
  return { keeper, told };
}

async function kept(folder: Folder): Promise<string[]> {
  const { keeper } = await open(folder);
  const rows = await keeper.load();
  await keeper.close();
  return rows.map(({ service }) => service.id).sort();
}

Deno.test("a row that the disk refuses takes no others with it, is told of once, and is kept when it fits", async () => {
  await using folder = await makeFolder();
  const { keeper, told } = await open(folder);
  const ids = Array.from({ length: 50 }, (_, i) => `s${i + 10}`);
  for (const id of ids.slice(0, 25)) keeper.keep(id, row(id));
  keeper.keep("huge", row("huge", { x: "x".repeat(70_000) }));
  for (const id of ids.slice(25)) keeper.keep(id, row(id));
  await keeper.close();
  equal(told.length, 1);
  match(told[0], /can't be kept on the disk/);
  deepEqual(await kept(folder), ids);
  const again = await open(folder);
  again.keeper.keep("huge", row("huge"));
  again.keeper.keep("s10", undefined);
  await again.keeper.close();
  deepEqual([again.told, await kept(folder)], [[], ["huge", ...ids.slice(1)]]);
});

Deno.test("metadata within their bounds are kept, however much they take as values", async () => {
  await using folder = await makeFolder();
  const { keeper, told } = await open(folder);
  const zeros = Array.from({ length: limits.registryMetadataChars / 2 - 8 }, () => -0);
  keeper.keep("zeros", row("zeros", { zeros }));
  keeper.keep("wide", row("wide", { x: "中".repeat(limits.registryMetadataChars - 10) }));
  await keeper.close();
  deepEqual([told, await kept(folder)], [[], ["wide", "zeros"]]);
});

Deno.test("many rows at once are kept, with the longest ids and the most metadata that there may be", async () => {
  await using folder = await makeFolder();
  const { keeper, told } = await open(folder);
  const ids = Array.from({ length: 1200 }, (_, i) => String(i).padStart(limits.registryNameChars, "0"));
  const x = "x".repeat(limits.registryMetadataChars - 10);
  for (const [i, id] of ids.entries()) keeper.keep(id, row(id, i < 100 ? { x } : {}));
  await keeper.close();
  deepEqual([told, await kept(folder)], [[], ids]);
});

Deno.test("a database that is none is told with its folder, and nothing stays open", async () => {
  await using folder = await makeFolder({ "registry.kv": new Uint8Array(9000).fill(65) });
  for (const _ of [1, 2]) {
    await rejects(open(folder), (error: Error) => {
      match(error.message, /^Cannot keep services in .*registry\.kv: /);
      return error instanceof FolderError && error.message.includes(folder.path);
    });
  }
});
