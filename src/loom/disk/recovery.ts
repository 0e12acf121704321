/** Opening a directory: Deno.Kv as of the last checkpoint, then what the journal holds beyond. */

import type { Log } from "../../log.ts";
import { type Checkpoint, FORMAT } from "./checkpoint.ts";
import { DiskStream } from "./disk_stream.ts";
import { type JournalEnd, journalPaths } from "./journal.ts";
import { JOURNAL_HEAD_BYTES, readJournalHead } from "./journal_head.ts";
import {
  decodeRecord,
  findRecord,
  type JournalEntry,
  type JournalRecord,
  RECORD_HEAD_BYTES,
} from "./journal_record.ts";
import { ABOUT, type About, PRODUCERS, type ProducerValue, STREAMS, type StreamValue } from "./keys.ts";
import { StreamError } from "../stream_error.ts";

/** What a directory holds. */
export interface Found {
  readonly streams: Map<number, DiskStream>;
  /** No stream has this number or a higher one. */
  next: number;
  /** The last commit. */
  commit: number;
  /** The last use of the journal. */
  use: number;
  /** Where that ends; undefined when there is nothing in the journal. */
  end?: JournalEnd;
}

/** What is opened. */
export interface RecoveryOptions {
  readonly dir: string;
  readonly kv: Deno.Kv;
  readonly log: Log;
  /** Whether what was acknowledged was synced; else a power cut may have left holes in the journal. */
  readonly sync: boolean;
}

/** How many entries Deno.Kv gives at once. */
const KV_BATCH = 500;

/**
 * Finds all that was acknowledged.
 *
 * @param checkpoint is told what has to be moved out of the journal
 * @throws {StreamError} `corrupt` when something acknowledged is not what was written
 */
export async function recover(options: RecoveryOptions, checkpoint: Checkpoint): Promise<Found> {
  const { dir, kv, log } = options;
  const { value } = await kv.get<About>(ABOUT);
  if (value && value.format !== FORMAT) {
    throw new TypeError(`${dir} holds streams in format ${value.format}; this version reads format ${FORMAT}`);
  }
  const about = value ?? { next: 1, commit: 0, use: 0 };
  const found: Found = { streams: new Map(), next: about.next, commit: about.commit, use: about.use };
  await loadStreams(kv, found);
  const journals = await readJournals(dir, about.use);
  let [records, bytes] = [0, 0];
  for (const [i, journal] of journals.entries()) {
    for (const record of readRecords(journal, i === journals.length - 1, options, found)) {
      if (record.commit > found.commit + 1) throw missing(journal.path, found.commit + 1, record.commit - 1);
      replay(found, checkpoint, record);
      records++;
      bytes += record.bytes.byteLength;
    }
    found.use = Math.max(found.use, journal.use);
  }
  if (records > 0) log("info", "the journal was read again, as after a crash", { commits: records, bytes });
  return found;
}

async function loadStreams(kv: Deno.Kv, found: Found): Promise<void> {
  const options = { batchSize: KV_BATCH };
  for await (const { key, value } of kv.list<StreamValue>({ prefix: STREAMS }, options)) {
    const number = key.at(-1) as number;
    const stream = new DiskStream({ number, document: value.document, producers: new Map() }, value);
    found.streams.set(number, stream);
    found.next = Math.max(found.next, number + 1);
  }
  for await (const { key, value } of kv.list<ProducerValue>({ prefix: PRODUCERS }, options)) {
    const [number, id] = key.slice(-2) as [number, string];
    found.streams.get(number)?.stored.producers.set(id, value);
  }
  for (const { stored: { producers } } of found.streams.values()) if (producers.size > 1) sortByAge(producers);
}

/** Deno.Kv has producers in the order of their ids; the one that was silent for longest is to be forgotten first. */
function sortByAge(producers: Map<string, ProducerValue>): void {
  const sorted = [...producers].sort(([, a], [, b]) => a.at - b.at);
  producers.clear();
  for (const [id, state] of sorted) producers.set(id, state);
}

/** One use of a journal file, as it was found. */
interface FoundJournal {
  readonly path: string;
  readonly use: number;
  readonly key: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The uses that are still needed, the oldest first. */
async function readJournals(dir: string, oldest: number): Promise<FoundJournal[]> {
  const journals: FoundJournal[] = [];
  for (const path of journalPaths(dir)) {
    const bytes = await Deno.readFile(path).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return new Uint8Array(0);
      throw error;
    });
    const head = readJournalHead(bytes);
    if (head === "damaged") throw damaged(path, 0);
    if (head !== "unused" && head.use >= oldest) journals.push({ path, ...head, bytes });
  }
  return journals.sort((a, b) => a.use - b.use);
}

function* readRecords(
  { path, key, bytes }: FoundJournal,
  isLast: boolean,
  { log, sync }: RecoveryOptions,
  found: Found,
): Generator<JournalRecord> {
  let at = JOURNAL_HEAD_BYTES;
  let chain = { key, crc: key };
  for (let decoded; (decoded = decodeRecord(bytes, at, chain)); { next: at, chain } = decoded) yield decoded.record;
  const clean = bytes.subarray(at, at + RECORD_HEAD_BYTES).every((byte) => byte === 0);
  // Records are written one behind the other: before the last there is none that was not whole once.
  const isHole = findRecord(bytes, at + 1, key) !== -1;
  // Without syncs a power cut may leave one, and what lies behind it was never promised.
  if ((isHole && (sync || !isLast)) || !(clean || isLast)) throw damaged(path, at);
  const isTorn = !clean || isHole;
  if (isLast) found.end = { at, chain, isTorn };
  if (!isTorn) return;
  log(
    "warn",
    "the journal ends in a commit that is not whole, as when it was being written at a crash: it is cut off",
    {
      file: path,
      at,
    },
  );
}

function damaged(path: string, at: number): StreamError {
  return new StreamError(
    "corrupt",
    `${path} is damaged at byte ${at}: what was committed behind it can't be read. Restore the directory from a backup, ` +
      `or move both files of the journal away to go on without what was appended since`,
  );
}

function missing(path: string, first: number, last: number): StreamError {
  return new StreamError(
    "corrupt",
    `Commits ${first} to ${last} are missing before those in ${path}: streams.kv or the other file of the journal is ` +
      `gone, or an old one. Restore it, or move both files of the journal away to go on without what was appended since`,
  );
}

/** The entries of a record, each with its bytes. */
function* entriesOf(record: JournalRecord): Generator<[JournalEntry, Uint8Array<ArrayBuffer>]> {
  let at = 0;
  for (const entry of record.entries) {
    yield [entry, record.bytes.subarray(at, at + (entry.bytes ?? 0))];
    at += entry.bytes ?? 0;
  }
}

/** Applies what a checkpoint did not take over. */
function replay(found: Found, checkpoint: Checkpoint, record: JournalRecord): void {
  const { commit } = record;
  const touched = new Set<DiskStream>();
  for (const [entry, bytes] of entriesOf(record)) {
    const { n, created, removed } = entry;
    found.next = Math.max(found.next, n + 1);
    if (created && !found.streams.has(n)) {
      found.streams.set(n, DiskStream.begin({ number: n, document: created, producers: new Map() }));
    }
    const stream = found.streams.get(n);
    if (!stream || stream.commit >= commit) continue; // it was removed since, or the checkpoint has it
    if (removed) {
      found.streams.delete(n);
      checkpoint.remove(stream);
      continue;
    }
    change(stream, entry, bytes);
    checkpoint.add(stream);
    touched.add(stream);
  }
  for (const stream of touched) stream.commit = commit;
  found.commit = Math.max(found.commit, commit);
}

function change(stream: DiskStream, { set, producer, flushed }: JournalEntry, bytes: Uint8Array<ArrayBuffer>): void {
  stream.apply({ set, producer });
  const { appendedAt } = stream.stored.document;
  if (flushed !== undefined) stream.replaceTail(flushed, bytes, appendedAt);
  else if (bytes.byteLength > 0) stream.append(bytes, appendedAt);
}
