/**
 * A store in a process of its own, which does what it is told: a JSON request a line on standard input, an answer a line on
 * standard output, the store's log on standard error. Arguments: directory, `sync`.
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { createLog } from "../../../../src/log.ts";
import { openLoom } from "../../../../src/loom/open_loom.ts";
import type { StreamStore } from "../../../../src/loom/stream_store.ts";
import { StreamError } from "../../../../src/loom/stream_error.ts";
import { digest, readAll } from "../../../support/loom_faults.ts";

/** What it may be told. Bytes are a text, as often as `times` says. */
export interface Request {
  readonly what: "create" | "append" | "delete" | "head" | "digest";
  readonly id: string;
  readonly text?: string;
  readonly times?: number;
  readonly options?: Record<string, unknown>;
}

/** What it says: the outcome, or the code of a refusal. */
export interface Answer {
  readonly done?: unknown;
  readonly code?: string;
  readonly message?: string;
}

if (import.meta.main) {
  const [dir, sync] = Deno.args;
  await using loom = await openLoom({ dir, sync: sync as "group", log: createLog() });
  console.log("ready");
  for await (const line of createInterface(process.stdin)) console.log(JSON.stringify(await answer(loom, line)));
}

async function answer(loom: StreamStore, line: string): Promise<Answer> {
  try {
    return { done: await obey(loom, JSON.parse(line)) };
  } catch (error) {
    if (!(error instanceof StreamError)) throw error;
    return { code: error.code, message: error.message };
  }
}

async function obey(loom: StreamStore, { what, id, text = "", times = 1, options }: Request): Promise<unknown> {
  const bytes = new TextEncoder().encode(text.repeat(times));
  if (what === "create") return await loom.create(id, { ...options, bytes });
  if (what === "append") return await loom.append(id, bytes, options);
  if (what === "delete") return await loom.delete(id);
  if (what === "head") return loom.head(id) ?? null;
  return digest(await readAll(loom, id));
}
