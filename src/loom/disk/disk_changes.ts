/** Changes as they go to disk: what is large to its stream's blocks, the rest to the journal. */

import type { DiskStream } from "./disk_stream.ts";
import type { JournalEntry } from "./journal_record.ts";
import type { Change, StoredStream } from "../store/storage.ts";

/** What a stream gets in one commit. */
export interface Gain {
  readonly chunks: Uint8Array<ArrayBuffer>[];
  bytes: number;
  readonly timeMs: number;
}

/** A stream's large gain, in blocks but for the rest. */
export interface Large {
  readonly stream: DiskStream;
  readonly flushed: number;
  readonly rest: Uint8Array<ArrayBuffer>;
  readonly timeMs: number;
  release(): void;
}

/** What each stream gets, of those that get something. */
export function gains(changes: readonly Change[]): Map<StoredStream, Gain> {
  const all = new Map<StoredStream, Gain>();
  for (const { stored, bytes, set } of changes) {
    if (!bytes || bytes.byteLength === 0) continue;
    const gain = all.get(stored) ?? { chunks: [], bytes: 0, timeMs: set?.appendedAt ?? stored.document.createdAt };
    gain.chunks.push(bytes as Uint8Array<ArrayBuffer>);
    gain.bytes += bytes.byteLength;
    all.set(stored, gain);
  }
  return all;
}

/** Changes as the journal has them. Of a large gain it has the rest, with the last change of its stream. */
export function describe(changes: readonly Change[], large: ReadonlyMap<StoredStream, Large>) {
  const last = new Map(changes.map((change) => [change.stored, change]));
  const chunks: Uint8Array[] = [];
  const entries = changes.map((change): JournalEntry => {
    const { stored, created, removed, set, producer } = change;
    const gain = large.get(stored);
    const bytes = !gain ? change.bytes : last.get(stored) === change ? gain.rest : undefined;
    if (bytes) chunks.push(bytes);
    return {
      n: stored.number,
      created: created ? stored.document : undefined,
      removed: removed ? true : undefined,
      set,
      producer,
      bytes: bytes?.byteLength || undefined,
      flushed: gain && bytes ? gain.flushed : undefined,
    };
  });
  return { entries, chunks };
}
