/** What a writer of the crash test says on its standard output: what it is about to do, and what was acknowledged. */

/** What is known of one stream. Of each pair the first was acknowledged, the second asked for at least once. */
export interface Entry {
  readonly id: string;
  created: [boolean, boolean];
  /** Pieces. */
  pieces: [number, number];
  closed: [boolean, boolean];
  deleted: [boolean, boolean];
  /** The stream it was forked from, and where. */
  fork?: { readonly from: string; readonly at: number };
}

/** One line: `create`, `piece`, `close` or `delete`, and whether it is acknowledged. */
export interface Note {
  readonly what: "create" | "piece" | "close" | "delete";
  readonly done: boolean;
  readonly id: string;
  /** Pieces that the stream has then. */
  readonly pieces?: number;
  readonly fork?: Entry["fork"];
}

const PAST = { create: "created", close: "closed", delete: "deleted" } as const;

/** All streams that a writer has spoken of. */
export class Ledger {
  readonly entries = new Map<string, Entry>();

  note({ what, done, id, pieces = 0, fork }: Note): void {
    if (what === "create" && !done) this.entries.set(id, newEntry(id, fork));
    const entry = this.entries.get(id)!;
    const place = done ? 0 : 1;
    if (what === "piece") entry.pieces[place] = Math.max(entry.pieces[place], pieces);
    else entry[PAST[what]][place] = true;
  }

  /** Makes what was found the truth. */
  settle(id: string, found: { readonly pieces: number; readonly closed: boolean } | undefined): void {
    if (!found) {
      this.entries.delete(id);
      return;
    }
    const entry = this.entries.get(id)!;
    entry.created = [true, true];
    entry.pieces = [found.pieces, found.pieces];
    entry.closed = [found.closed, found.closed];
    entry.deleted = [false, false];
  }
}

/** A stream that nothing was asked of yet. */
export function newEntry(id: string, fork?: Entry["fork"]): Entry {
  return { id, fork, created: [false, false], pieces: [0, 0], closed: [false, false], deleted: [false, false] };
}
