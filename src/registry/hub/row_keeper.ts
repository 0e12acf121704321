/**
 * What outlives a hub's restart: its id, and the rows that came to it, on Deno.Kv. Rows are written a moment after they
 * changed, many at a time: what was lost with a machine that failed meanwhile comes back with its owner.
 */

import { randomBytes } from "node:crypto";
import { limits } from "../../limits.ts";
import type { Log } from "../../log.ts";
import type { Row } from "../federation/row.ts";

/** Which hub this is. Changes at every start. */
const ABOUT: Deno.KvKey = ["registry", "about"];

/** Value of `ABOUT`. */
interface About {
  /** Format of all that is stored; another one is refused. */
  readonly format: number;
  readonly hub: string;
  /** When it last started, by a number that grows. */
  readonly start: number;
}

/**
 * One key a row that came to this hub, by its service's id: a `Row` as JSON, which bounds what is stored by what was
 * sent; the same numbers as values can take eight times as much. Changes with the row.
 */
const ROWS: Deno.KvKey = ["registry", "row"];

const FORMAT = 1;

/** What Deno.Kv takes in one commit: 1000 changes, 800 KiB of values, 80 KiB of keys. Each with some room. */
const COMMIT = { changes: 500, valueBytes: 760_000, keyBytes: 70_000 };

/** One change on its way to the disk. */
interface Write {
  readonly id: string;
  readonly row: Row | undefined;
  readonly text: string | undefined;
}

/** A folder in which nothing can be kept: who chose it has to choose another one, or mend it. */
export class FolderError extends Error {
  override readonly name = "FolderError";
}

/** Keeps the rows of one hub. */
export class RowKeeper {
  readonly #kv: Deno.Kv;
  readonly #lock: Deno.FsFile;
  readonly #log: Log;
  /** What was not written yet; undefined for a row that is gone. */
  #changed = new Map<string, Row | undefined>();
  /** What could not be written, and is tried again later. */
  #refused = new Map<string, Row | undefined>();
  #again: ReturnType<typeof setTimeout> | undefined;
  /** The log has been told that something can't be written. */
  #isTold = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> = Promise.resolve();

  private constructor(kv: Deno.Kv, lock: Deno.FsFile, log: Log) {
    this.#kv = kv;
    this.#lock = lock;
    this.#log = log;
  }

  /**
   * Opens the folder of a hub.
   *
   * @throws {Deno.errors.Busy} when another process has it
   * @throws {FolderError} when nothing can be kept there
   */
  static async open(dir: string, log: Log): Promise<RowKeeper> {
    try {
      await Deno.mkdir(dir, { recursive: true, mode: 0o700 });
      const lock = await Deno.open(`${dir}/lock`, { create: true, write: true, mode: 0o600 });
      return new RowKeeper(await openKv(dir, lock), lock, log);
    } catch (cause) {
      if (cause instanceof Deno.errors.Busy || cause instanceof FolderError) throw cause;
      throw new FolderError(`Cannot keep services in ${dir}: ${(cause as Error).message}`, { cause });
    }
  }

  /**
   * Says which hub this is, with the number of this start.
   *
   * @throws {TypeError} for what another version has stored
   */
  async about(now: number): Promise<{ hub: string; start: number }> {
    const { value } = await this.#kv.get<About>(ABOUT);
    if (value && value.format !== FORMAT) {
      throw new TypeError(`Cannot use the registry's data: its format is ${value.format}, and this reads ${FORMAT}`);
    }
    const about = { hub: value?.hub ?? newHubId(), start: Math.max(now, (value?.start ?? 0) + 1) };
    await this.#kv.set(ABOUT, { format: FORMAT, ...about } satisfies About);
    return about;
  }

  /** The rows that there were. */
  async load(): Promise<Row[]> {
    const rows: Row[] = [];
    for await (const { value } of this.#kv.list<string>({ prefix: ROWS })) rows.push(JSON.parse(value));
    return rows;
  }

  /** Writes a row soon. */
  keep(id: string, row: Row | undefined): void {
    this.#changed.set(id, row);
    this.#refused.delete(id);
    this.#writeSoon();
  }

  /** Writes what is left. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#writing;
    clearTimeout(this.#again);
    this.#takeBack();
    await this.#write();
    clearTimeout(this.#again);
    this.#kv.close();
    this.#lock.close();
  }

  #writeSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#writing = this.#writing.then(() => this.#write());
    }, limits.registrySaveMs);
  }

  async #write(): Promise<void> {
    const changed = this.#changed;
    this.#changed = new Map();
    for (const writes of commits(changed)) {
      if (await this.#commit(writes) === undefined) continue;
      // One of them can't be kept: that is no reason to lose the others.
      for (const write of writes) {
        const error = await this.#commit([write]);
        if (error) this.#refuse(write, error);
      }
    }
    if (this.#refused.size === 0) this.#isTold = false;
  }

  /** @returns what was in the way */
  async #commit(writes: readonly Write[]): Promise<Error | undefined> {
    const commit = this.#kv.atomic();
    for (const { id, text } of writes) {
      if (text === undefined) commit.delete([...ROWS, id]);
      else commit.set([...ROWS, id], text);
    }
    try {
      await commit.commit();
    } catch (error) {
      return error as Error;
    }
  }

  /** The services go on; what is missing after a restart comes back with its owner. */
  #refuse({ id, row }: Write, { message }: Error): void {
    if (!this.#isTold) this.#log("error", `Services can't be kept on the disk: ${message}`, { id });
    this.#isTold = true;
    if (!this.#changed.has(id)) this.#refused.set(id, row);
    this.#again ??= setTimeout(() => {
      this.#again = undefined;
      this.#takeBack();
      if (this.#changed.size > 0) this.#writeSoon();
    }, limits.registrySaveAgainMs);
  }

  #takeBack(): void {
    for (const [id, row] of this.#refused) this.#changed.set(id, row); // what has changed since is not among them
    this.#refused.clear();
  }
}

/** Opens the database of a folder that no other process has. */
async function openKv(dir: string, lock: Deno.FsFile): Promise<Deno.Kv> {
  try {
    if (!await lock.tryLock(true)) throw new Deno.errors.Busy(`${dir} is in use by another process`);
    const path = `${dir}/registry.kv`;
    (await Deno.open(path, { create: true, write: true, mode: 0o600 })).close(); // the database keeps the rights
    return await Deno.openKv(path).catch((cause: Error) => {
      const advice = "move the file away if it is damaged";
      throw new FolderError(`Cannot keep services in ${dir}: registry.kv: ${cause.message}; ${advice}`, { cause });
    });
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** Changes in groups that Deno.Kv takes at once. Texts are made when their turn comes: there may be many. */
function* commits(changed: ReadonlyMap<string, Row | undefined>): Generator<Write[]> {
  let writes: Write[] = [];
  let [valueBytes, keyBytes] = [0, 0];
  for (const [id, row] of changed) {
    const text = row && JSON.stringify(row);
    // Two bytes a character at most; an id is ASCII. What surrounds them in the database is counted roughly.
    const [value, key] = [2 * (text?.length ?? 0) + 16, id.length + 32];
    const isFull = writes.length >= COMMIT.changes || valueBytes + value > COMMIT.valueBytes ||
      keyBytes + key > COMMIT.keyBytes;
    if (isFull && writes.length > 0) {
      yield writes;
      [writes, valueBytes, keyBytes] = [[], 0, 0];
    }
    writes.push({ id, row, text });
    [valueBytes, keyBytes] = [valueBytes + value, keyBytes + key];
  }
  if (writes.length > 0) yield writes;
}

/** An id that no other hub has. */
export function newHubId(): string {
  return randomBytes(12).toString("base64url");
}
