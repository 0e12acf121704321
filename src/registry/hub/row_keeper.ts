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

/** One key a row that came to this hub, by its service's id: a `Row`. Changes with the row. */
const ROWS: Deno.KvKey = ["registry", "row"];

const FORMAT = 1;
/** Changes in one commit; Deno.Kv takes no more than 1000, and 800 KiB. */
const TOGETHER = 10;

/** Keeps the rows of one hub. */
export class RowKeeper {
  readonly #kv: Deno.Kv;
  readonly #lock: Deno.FsFile;
  readonly #log: Log;
  /** What was not written yet; undefined for a row that is gone. */
  #changed = new Map<string, Row | undefined>();
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
   */
  static async open(dir: string, log: Log): Promise<RowKeeper> {
    await Deno.mkdir(dir, { recursive: true, mode: 0o700 });
    const lock = await Deno.open(`${dir}/lock`, { create: true, write: true, mode: 0o600 });
    try {
      if (!await lock.tryLock(true)) throw new Deno.errors.Busy(`${dir} is in use by another process`);
      const path = `${dir}/registry.kv`;
      (await Deno.open(path, { create: true, write: true, mode: 0o600 })).close(); // the database keeps the rights
      return new RowKeeper(await Deno.openKv(path), lock, log);
    } catch (error) {
      lock.close();
      throw error;
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
    for await (const { value } of this.#kv.list<Row>({ prefix: ROWS })) rows.push(value);
    return rows;
  }

  /** Writes a row soon. */
  keep(id: string, row: Row | undefined): void {
    this.#changed.set(id, row);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#writing = this.#writing.then(() => this.#write());
    }, limits.registrySaveMs);
  }

  /** Writes what is left. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#writing;
    await this.#write();
    this.#kv.close();
    this.#lock.close();
  }

  async #write(): Promise<void> {
    const changed = [...this.#changed];
    this.#changed = new Map();
    try {
      for (let at = 0; at < changed.length; at += TOGETHER) {
        const commit = this.#kv.atomic();
        for (const [id, row] of changed.slice(at, at + TOGETHER)) {
          if (row) commit.set([...ROWS, id], row);
          else commit.delete([...ROWS, id]);
        }
        await commit.commit();
      }
    } catch (error) {
      // The services go on; what is missing after a restart comes back with its owner.
      this.#log("error", `Services can't be kept on the disk: ${(error as Error).message}`);
    }
  }
}

/** An id that no other hub has. */
export function newHubId(): string {
  return randomBytes(12).toString("base64url");
}
