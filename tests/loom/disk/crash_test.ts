/** A writer is killed at random moments; whatever it was told to be stored is there afterwards, once. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { openLoom } from "../../../src/loom/open_loom.ts";
import type { StreamStore } from "../../../src/loom/stream_store.ts";
import { Buffer } from "node:buffer";
import { makeFolder } from "../../support/folder.ts";
import { copyStore, lines, readAll, rotations } from "../../support/loom_faults.ts";
import { type Entry, Ledger, newEntry, type Note } from "./programs/ledger.ts";
import { KINDS, piece, randomFrom } from "./programs/pieces.ts";
import type { Lane } from "./programs/writer.ts";

type Sync = "group" | "none";

const WRITER = fileURLToPath(new URL("programs/writer.ts", import.meta.url));
const LANES = Object.entries({ small: 3, medium: 8, large: 1, json: 1, producer: 2 })
  .flatMap(([kind, lanes]) => Array.from({ length: lanes }, (_, i) => `${kind}/${i}`));
/** A moment when a writer is killed: so many milliseconds behind a cue. */
interface Moment {
  /** That it begins to open, or that so many pieces of its medium streams are acknowledged. */
  readonly cue: "opening" | number;
  readonly least: number;
  readonly most: number;
}

const SOON: Moment = { cue: 0, least: 5, most: 300 };
/** When the journal is about to begin anew. */
const LATE: Moment = { cue: 120, least: 0, most: 150 };
const OPENING: Moment = { cue: "opening", least: 0, most: 40 };
const MOMENTS = [SOON, SOON, LATE, SOON, SOON, OPENING];

Deno.test("a writer that is killed 50 times loses and doubles nothing that was acknowledged", () =>
  killed(50, "group", 1));

Deno.test("without syncs the end of the process alone loses nothing either", () => killed(8, "none", 2));

Deno.test("what is appended while the journal begins anew is there after a crash", async () => {
  await using folder = await makeFolder();
  const dir = folder.file("loom");
  const copy = folder.file("copy");
  const id = "medium/0/0";
  const before = await rotations(dir);
  let pieces = 0;
  {
    await using loom = await openLoom({ dir });
    await loom.create(id, { contentType: "text/plain" });
    const append = async () => {
      for (; await rotations(dir) < before + 4;) await loom.append(id, piece(id, pieces++));
    };
    await Promise.all([append(), append(), append()]);
    await copyStore(dir, copy);
  }
  await using loom = await openLoom({ dir: copy });
  await inspect(loom, { ...newEntry(id), pieces: [pieces, pieces] }, "the copy");
});

async function killed(rounds: number, sync: Sync, seed: number): Promise<void> {
  await using folder = await makeFolder();
  const dir = folder.file("loom");
  const random = randomFrom(seed);
  const ledger = new Ledger();
  let lanes = LANES.map((name): Lane => ({ name, generation: 0, exists: false, pieces: 0, closed: false }));
  let [round, kills, uses] = [0, 0, 0];
  for (; kills < rounds; round++) {
    const moment = MOMENTS[round % MOMENTS.length];
    if (moment !== OPENING) kills++;
    const before = await rotations(dir);
    const ms = moment.least + random() * (moment.most - moment.least);
    await runWriter([dir, sync, JSON.stringify(lanes)], moment.cue, ms, ledger);
    const sent = new Map([...ledger.entries.values()].map(({ id, pieces }) => [id, pieces[0]]));
    await using loom = await openLoom({ dir, sync });
    await verify(loom, ledger, `round ${round}: killed ${ms.toFixed(1)} ms behind ${moment.cue}`);
    lanes = LANES.map((name) => laneOf(name, ledger, sent));
    uses += await rotations(dir) - before;
  }
  // The writer and the test begin one each by opening the directory.
  ok(uses > 2 * round, `No checkpoint ran beside the writer: ${uses} uses of the journal in ${round} rounds`);
}

/** Runs a writer until it is killed; the ledger has all its words afterwards. */
async function runWriter(args: readonly string[], cue: Moment["cue"], ms: number, ledger: Ledger): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", WRITER, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stderr = new Response(child.stderr).text();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const kill = () => timer ??= setTimeout(() => child.kill("SIGKILL"), ms);
  let medium = 0;
  for await (const line of lines(child.stdout)) {
    if (line === cue) kill();
    if (line === "opening") continue;
    const note: Note = JSON.parse(line);
    ledger.note(note);
    if (note.done && note.what === "piece" && note.id.startsWith("medium/")) medium++;
    if (note.done && typeof cue === "number" && medium >= cue) kill();
  }
  const { signal } = await child.status;
  clearTimeout(timer);
  equal(signal, "SIGKILL", `The writer ended by itself: ${await stderr}`);
}

/** Compares the store with what the ledger says of it, and settles what was open. */
async function verify(loom: StreamStore, ledger: Ledger, when: string): Promise<void> {
  const ids = loom.list({ limit: 1000 }).streams.map(({ id }) => id);
  deepEqual(ids.filter((id) => !ledger.entries.has(id)), [], `Streams that nobody made, ${when}`);
  for (const entry of [...ledger.entries.values()]) {
    ledger.settle(entry.id, await inspect(loom, entry, `${entry.id}, ${when}`));
  }
}

/** Looks at one stream; undefined when there is none, and may be none. */
async function inspect(loom: StreamStore, entry: Entry, what: string) {
  const { id, created, deleted, closed, pieces: [least, most], fork } = entry;
  const info = loom.head(id);
  if (!info || info.hidden) {
    ok(!created[0] || deleted[1], `Lost: ${what}`);
    return undefined;
  }
  ok(!deleted[0], `Deleted, and there: ${what}`);
  const expected = fork ? [prefixOf(fork)] : [];
  let at = fork?.at ?? 0;
  let pieces = 0;
  for (; at < info.tail; pieces++) {
    expected.push(piece(id, pieces));
    at += expected.at(-1)!.byteLength;
  }
  equal(info.tail, at, `Ends within a piece: ${what}`);
  ok(pieces >= least && pieces <= most, `${pieces} pieces, not ${least} to ${most}: ${what}`);
  equal(Buffer.compare(await readAll(loom, id), Buffer.concat(expected)), 0, `Other bytes: ${what}`);
  if (closed[0] || !closed[1]) equal(info.end, closed[0] ? "closed" : undefined, what);
  return { pieces, closed: info.end !== undefined };
}

/** What a fork took over. */
function prefixOf({ from, at }: NonNullable<Entry["fork"]>): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (let bytes = 0; bytes < at;) bytes += pieces[pieces.push(piece(from, pieces.length)) - 1].byteLength;
  return Buffer.concat(pieces).subarray(0, at);
}

/** Where a lane goes on. A producer does not know what was stored without a word, and sends it again. */
function laneOf(name: string, ledger: Ledger, sent: ReadonlyMap<string, number>): Lane {
  const own = [...ledger.entries.values()].filter(({ id }) => id.startsWith(`${name}/`) && !id.endsWith("/fork"));
  own.sort((a, b) => generationOf(a.id) - generationOf(b.id));
  const last = own.at(-1);
  if (!last) return { name, generation: 0, exists: false, pieces: 0, closed: false };
  const isProducer = KINDS[name.slice(0, name.indexOf("/"))].flights !== undefined;
  const pieces = isProducer ? Math.max(0, sent.get(last.id)! - 1) : last.pieces[0];
  return { name, generation: generationOf(last.id), exists: true, pieces, closed: last.closed[0] };
}

function generationOf(id: string): number {
  return Number(id.split("/")[2]);
}
