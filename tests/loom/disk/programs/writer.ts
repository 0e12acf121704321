/**
 * Writes to a store as fast as it can until it is killed: several lanes at a time, each of which fills one stream after
 * the other, and deletes the one before the last. Arguments: directory, `sync`, and JSON of where each lane goes on.
 */

import { openLoom } from "../../../../src/loom/open_loom.ts";
import type { StreamStore } from "../../../../src/loom/stream_store.ts";
import type { Note } from "./ledger.ts";
import { kindOf, piece } from "./pieces.ts";

/** Where a lane goes on. */
export interface Lane {
  /** Beginning of its streams' ids. */
  readonly name: string;
  readonly generation: number;
  /** The stream of that generation exists. */
  readonly exists: boolean;
  /** Pieces that it holds; a producer sends its last acknowledged one again. */
  readonly pieces: number;
  readonly closed: boolean;
}

const encoder = new TextEncoder();
/** Each third stream of a lane is forked. */
const FORK_EVERY = 3;

if (import.meta.main) {
  const [dir, sync, lanes] = Deno.args;
  say("opening");
  const loom = await openLoom({ dir, sync: sync as "group" });
  await Promise.all((JSON.parse(lanes) as Lane[]).map((lane) => fill(loom, lane)));
}

async function fill(loom: StreamStore, lane: Lane): Promise<never> {
  let { generation, exists, pieces, closed } = lane;
  await tidy(loom, lane);
  for (;; generation++, exists = false, pieces = 0, closed = false) {
    const id = `${lane.name}/${generation}`;
    if (!exists) await noted({ what: "create", id }, () => loom.create(id, { contentType: kindOf(id).contentType }));
    if (!closed) await append(loom, id, pieces);
    if (generation % FORK_EVERY === 0) await fork(loom, id);
    const old = `${lane.name}/${generation - 1}`;
    if (loom.head(old)?.hidden === false) await noted({ what: "delete", id: old }, () => loom.delete(old));
  }
}

/** Appends until the stream is full, then ends it, with the last piece or behind it. */
async function append(loom: StreamStore, id: string, from: number): Promise<void> {
  const { full, flights = 0 } = kindOf(id);
  let number = from;
  while (loom.head(id)!.tail < full) {
    if (flights === 0) await send(loom, id, number++);
    else {
      await Promise.all(Array.from({ length: flights }, () => sendOnce(loom, id, number++)));
      if (number % 2 === 0) await sendAgain(loom, id, number - 1);
    }
  }
  await noted({ what: "close", id }, () => loom.append(id, new Uint8Array(0), { end: "closed" }));
}

async function send(loom: StreamStore, id: string, number: number): Promise<void> {
  await noted({ what: "piece", id, pieces: number + 1 }, () => loom.append(id, piece(id, number)));
}

async function sendOnce(loom: StreamStore, id: string, number: number) {
  const producer = { id: "writer", epoch: 0, sequence: number };
  return await noted({ what: "piece", id, pieces: number + 1 }, () => loom.append(id, piece(id, number), { producer }));
}

async function sendAgain(loom: StreamStore, id: string, number: number): Promise<void> {
  const { duplicate } = await sendOnce(loom, id, number);
  if (!duplicate) throw new Error(`Piece ${number} of ${id} was stored twice`);
}

/** Forks what the stream holds by now; the fork lives until it has got a piece of its own, or the writer is killed. */
async function fork(loom: StreamStore, from: string): Promise<void> {
  const id = `${from}/fork`;
  if (loom.head(id)) await noted({ what: "delete", id }, () => loom.delete(id));
  const at = loom.head(from)!.tail;
  await noted({ what: "create", id, fork: { from, at } }, () => loom.create(id, { fork: { from, at } }));
  await send(loom, id, 0);
  await noted({ what: "delete", id }, () => loom.delete(id));
}

/** Deletes what a writer that was killed has left of earlier generations, forks without their parents among it. */
async function tidy(loom: StreamStore, { name, generation }: Lane): Promise<void> {
  for (const { id } of loom.list({ prefix: `${name}/`, limit: 1000 }).streams) {
    if (Number(id.split("/")[2]) < generation - 1) await noted({ what: "delete", id }, () => loom.delete(id));
  }
}

/** Says what is about to be done, does it, and says that it is done. */
async function noted<T>(note: Omit<Note, "done">, run: () => Promise<T>): Promise<T> {
  say(JSON.stringify({ ...note, done: false }));
  const outcome = await run();
  say(JSON.stringify({ ...note, done: true }));
  return outcome;
}

function say(line: string): void {
  const bytes = encoder.encode(line + "\n");
  for (let at = 0; at < bytes.byteLength;) at += Deno.stdout.writeSync(bytes.subarray(at));
}
