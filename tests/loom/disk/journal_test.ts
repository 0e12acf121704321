/** The journal: what was acknowledged is found again, what was not whole is cut off, what is damaged is told of. */

import type { Log } from "../../../src/log.ts";
import { deepEqual, equal, ok } from "node:assert/strict";
import { Checkpoint } from "../../../src/loom/disk/checkpoint.ts";
import { Journal } from "../../../src/loom/disk/journal.ts";
import { JOURNAL_HEAD_BYTES, makeJournalHead, readJournalHead } from "../../../src/loom/disk/journal_head.ts";
import { decodeRecord, encodeRecord, findRecord, type JournalEntry } from "../../../src/loom/disk/journal_record.ts";
import { recover } from "../../../src/loom/disk/recovery.ts";
import { Segments } from "../../../src/loom/disk/segments.ts";
import type { StreamDocument } from "../../../src/loom/store/storage.ts";
import { StreamError } from "../../../src/loom/stream_error.ts";
import { type Folder, makeFolder } from "../../support/folder.ts";
import { bytesOf, refused, textOf } from "../../support/loom.ts";

const chain = { key: 77, crc: 77 };

function documentOf(id: string): StreamDocument {
  return { id, contentType: "text/plain", createdAt: 5, base: 0, start: 0, tail: 0, appendedAt: 5, usedAt: 5 };
}

/** The change of an append. */
function appendOf(n: number, tail: number, text: string): [JournalEntry, Uint8Array] {
  const bytes = bytesOf(text);
  return [{ n, set: { tail: tail + bytes.byteLength, appendedAt: 6, usedAt: 6 }, bytes: bytes.byteLength }, bytes];
}

Deno.test("a record is read as it was written, and says where the next one lies", () => {
  const entries: JournalEntry[] = [
    { n: 1, created: documentOf("é/漢"), bytes: 3 },
    { n: 2, set: { tail: 9 }, producer: ["p", { epoch: 1, sequence: 2, at: 3 }], bytes: 2 },
    { n: 3, removed: true },
  ];
  const first = encodeRecord(8, entries, [bytesOf("abc"), bytesOf("de")], chain);
  const second = encodeRecord(9, [], [], first.chain);
  const file = new Uint8Array([...first.bytes.subarray(0, -20), ...second.bytes]);
  const one = decodeRecord(file, 0, chain)!;
  deepEqual(one.record.entries, JSON.parse(JSON.stringify(entries)));
  deepEqual([one.record.commit, textOf(one.record.bytes)], [8, "abcde"]);
  const two = decodeRecord(file, one.next, one.chain)!;
  deepEqual([two.record.commit, two.record.entries], [9, []]);
  equal(decodeRecord(file, two.next, two.chain), undefined);
  deepEqual([findRecord(file, 0, chain.key), findRecord(file, 1, chain.key)], [0, one.next]);
  equal(findRecord(file, one.next + 1, chain.key), -1);
  equal(findRecord(file, 0, chain.key + 1), -1);
});

Deno.test("a record with a byte that is missing or not as it was is none", () => {
  const { bytes } = encodeRecord(8, [{ n: 1, created: documentOf("a"), bytes: 3 }], [bytesOf("abc")], chain);
  const record = bytes.subarray(0, -20);
  for (let length = 0; length < record.byteLength; length++) {
    equal(decodeRecord(record.slice(0, length), 0, chain), undefined, `${length} bytes`);
    const torn = new Uint8Array(bytes.byteLength);
    torn.set(record.subarray(0, length));
    if (record[length] !== 0) equal(decodeRecord(torn, 0, chain), undefined, `${length} bytes and zeros`);
  }
  for (let bit = 0; bit < record.byteLength * 8; bit++) {
    equal(decodeRecord(flip(record, bit), 0, chain), undefined, `bit ${bit}`);
  }
  equal(decodeRecord(record, 0, { ...chain, crc: 78 }), undefined); // it does not follow the one before
});

Deno.test("a file's head is believed only when it is whole", () => {
  const { bytes, use, key } = makeJournalHead(12);
  deepEqual(readJournalHead(bytes), { use, key });
  for (let bit = 0; bit < bytes.byteLength * 8; bit++) {
    equal(readJournalHead(flip(bytes, bit)), "damaged", `bit ${bit}`);
  }
  equal(readJournalHead(new Uint8Array(JOURNAL_HEAD_BYTES)), "unused");
  equal(readJournalHead(new Uint8Array(0)), "unused");
  equal(readJournalHead(bytes.slice(0, 31)), "damaged");
});

Deno.test("a journal that is torn at any byte has all commits that were whole", async () => {
  await using folder = await makeFolder();
  const { bytes, ends } = await writeJournal(folder);
  for (let length = JOURNAL_HEAD_BYTES; length < ends.at(-1)!; length++) {
    const whole = ends.filter((end) => end <= length).length;
    const torn = new Uint8Array(bytes.byteLength);
    torn.set(bytes.subarray(0, length));
    for (const file of length % 8 === 0 ? [torn, bytes.subarray(0, length)] : [torn]) {
      const { text, complaints } = await readBack(folder, file);
      // The last bytes of a record may be zeros anyway.
      ok(text === textAfter(whole) || text === textAfter(whole + 1), `${text} when torn at ${length}`);
      if (text !== textAfter(whole)) ok(bytes.subarray(length, ends[whole]).every((byte) => byte === 0));
      ok(complaints.length <= 1);
    }
  }
});

Deno.test("a flipped bit in the journal is told of, or was in the last commit", async () => {
  await using folder = await makeFolder();
  const { bytes, ends } = await writeJournal(folder);
  const last = ends.at(-2)!;
  for (let at = 0; at < ends.at(-1)!; at++) {
    const outcome = await readBack(folder, flip(bytes, at * 8 + at % 8)).catch((error) => error);
    if (at < last) {
      ok(outcome instanceof StreamError && outcome.code === "corrupt", `byte ${at}: ${outcome.text}`);
      ok(outcome.message.includes("journal-1"), outcome.message);
    } else {
      equal(outcome.text, textAfter(ends.length - 1), `byte ${at}`);
      equal(outcome.complaints.length, 1);
    }
  }
});

Deno.test("what an earlier use of the file left behind is never taken for a commit", async () => {
  await using folder = await makeFolder();
  const long = await writeJournal(folder);
  const journal = await Journal.begin(folder.path, 3, false);
  await journal.append(1, [{ n: 1, created: documentOf("new") }], []);
  journal.close();
  const file = await Deno.readFile(folder.file("journal-1"));
  ok(findRecord(file, 0, keyOf(long.bytes)) !== -1, "records of the earlier use lie there still");
  const { text, complaints } = await readBack(folder, file, 3);
  deepEqual([text, complaints], ["new:", []]);
});

Deno.test("bytes of a stream do not pass for a commit", async () => {
  await using folder = await makeFolder();
  const forged = encodeRecord(2, [{ n: 1, removed: true }], [], chain).bytes;
  const journal = await Journal.begin(folder.path, 1, false);
  await journal.append(1, [{
    n: 1,
    created: { ...documentOf("a"), tail: forged.byteLength },
    bytes: forged.byteLength,
  }], [
    forged,
  ]);
  journal.close();
  const file = await Deno.readFile(folder.file("journal-1"));
  const torn = flip(file, (JOURNAL_HEAD_BYTES + 4) * 8); // in the only commit, which is the last one
  deepEqual((await readBack(folder, torn)).text, "");
});

Deno.test("a journal on a full disk can't be begun", async () => {
  await using folder = await makeFolder();
  await Deno.symlink("/dev/full", folder.file("journal-1"));
  await refused("full", Journal.begin(folder.path, 1, true));
});

const TEXTS = ["one", "", "three", "four", "five"];

/** What streams hold after so many commits of `writeJournal`. */
function textAfter(commits: number): string {
  return commits === 0 ? "" : "a:" + TEXTS.slice(0, commits).join("");
}

/** A journal with some commits: its bytes, without what was made ahead, and where each commit ends. */
async function writeJournal(folder: Folder): Promise<{ bytes: Uint8Array<ArrayBuffer>; ends: number[] }> {
  const journal = await Journal.begin(folder.path, 1, false);
  const ends: number[] = [];
  let tail = 0;
  for (const [i, text] of TEXTS.entries()) {
    const [entry, chunk] = appendOf(1, tail, text);
    const created = { ...documentOf("a"), tail: text.length };
    await journal.append(i + 1, i === 0 ? [{ n: 1, created, bytes: text.length }] : [entry], [chunk]);
    tail += text.length;
    ends.push(journal.bytes);
  }
  journal.close();
  const bytes = await Deno.readFile(folder.file("journal-1"));
  return { bytes: bytes.slice(0, ends.at(-1)! + 100), ends };
}

/** What is found in a folder whose journal is this. */
async function readBack(folder: Folder, file: Uint8Array, use = 1): Promise<{ text: string; complaints: string[] }> {
  await Deno.writeFile(folder.file(`journal-${use % 2}`), file);
  const complaints: string[] = [];
  using kv = await Deno.openKv(":memory:");
  const checkpoint = new Checkpoint(kv, new Segments(folder.path, false));
  await checkpoint.run({ use: 1, next: 1, commit: 0 }); // of an empty store
  const log: Log = (level, message) => void (level !== "info" && complaints.push(message));
  const found = await recover({ dir: folder.path, kv, log, sync: true }, checkpoint);
  const texts = [...found.streams.values()].map(({ stored: { document }, tail }) => {
    equal(tail.to, document.tail);
    return `${document.id}:${textOf(tail.view(0, tail.to))}`;
  });
  return { text: texts.join(" "), complaints };
}

function keyOf(file: Uint8Array<ArrayBuffer>): number {
  const head = readJournalHead(file);
  return typeof head === "string" ? NaN : head.key;
}

function flip(bytes: Uint8Array, bit: number): Uint8Array<ArrayBuffer> {
  const flipped = new Uint8Array(bytes);
  flipped[bit >> 3] ^= 1 << (bit & 7);
  return flipped;
}
