/**
 * The files of a root that were asked for lately. Of each request the file's state is looked up, which costs a tenth of an
 * answer; what lies in it is read again only if the state is another. Small files are kept whole.
 */

import { readSync } from "node:fs";
import { HttpError } from "../../errors.ts";
import { atMost, type Log } from "../../log.ts";
import type { StaticConfig } from "../config/target_model.ts";
import { gatewayLimits } from "../limits.ts";
import { describeFile, pathOfFile, type StaticCoding, type StaticFile } from "./static_file.ts";
import { type FileState, isSame, openBelow, type Opened, stateOf } from "./static_open.ts";

/** A file that was changed less than this ago may change again without another time, milliseconds. */
const SETTLED_MS = 2000;

/** What an entry costs besides its content, roughly, bytes. */
const ENTRY_BYTES = 1024;

/** Files of one root. */
export class FileTable {
  readonly #config: StaticConfig;
  readonly #log: Log;
  /** The one that was asked for last comes last. */
  readonly #files = new Map<string, StaticFile>();
  #bytes = 0;

  constructor(config: StaticConfig, log: Log) {
    this.#config = config;
    this.#log = atMost(log, 1);
  }

  /**
   * What is at a path now; undefined when it is nothing that is served.
   *
   * @throws {HttpError} 403 or 503 when it can't be read
   */
  get(path: string, coding?: StaticCoding): StaticFile | "folder" | undefined {
    const key = `${path}\0${coding}`;
    const state = stateOf(pathOfFile(path, coding));
    const known = this.#files.get(key);
    if (known) this.#forget(key, known);
    if (known && state && isSame(known.state, state)) return this.#keep(key, known);
    if (state?.kind === "folder") return "folder";
    if (state?.kind !== "file") return undefined;
    const loaded = this.#load(path, coding);
    return loaded && isSettled(loaded.state) ? this.#keep(key, loaded) : loaded;
  }

  /**
   * Opens a file to read it, in the state that it has then; undefined when it is gone. The caller closes it.
   *
   * @throws what {@linkcode FileTable.get} throws
   */
  open(file: Pick<StaticFile, "path" | "coding">): { opened: Opened; file: StaticFile } | undefined {
    const opened = this.openFolder(pathOfFile(file.path, file.coding));
    if (!opened) return undefined;
    if (opened.state.kind === "file") {
      return { opened, file: { ...describeFile(file, opened.state, this.#config), content: undefined } };
    }
    opened[Symbol.dispose]();
  }

  /** Opens a folder, or a file, below the root. The caller closes it. */
  openFolder(path: string): Opened | undefined {
    const { root, isFile } = this.#config;
    const opened = openBelow(path, isFile ? undefined : root);
    if (opened !== "outside") return opened;
    this.#log("warn", "A link leads out of the folder that is served", { path });
  }

  #load(path: string, coding: StaticCoding | undefined): StaticFile | undefined {
    const found = this.open({ path, coding });
    if (!found) return undefined;
    using opened = found.opened;
    return { ...found.file, content: readSmall(opened) };
  }

  #keep(key: string, file: StaticFile): StaticFile {
    this.#files.set(key, file);
    this.#bytes += costOf(file);
    if (this.#bytes > gatewayLimits.staticKeptBytes) this.#makeRoom();
    return file;
  }

  #makeRoom(): void {
    for (const [oldest, file] of this.#files) {
      if (this.#bytes <= gatewayLimits.staticKeptBytes) return;
      this.#forget(oldest, file);
    }
  }

  #forget(key: string, file: StaticFile): void {
    this.#files.delete(key);
    this.#bytes -= costOf(file);
  }
}

function isSettled({ modifiedMs, changedMs }: FileState): boolean {
  return Date.now() - Math.max(modifiedMs, changedMs) > SETTLED_MS;
}

function costOf({ content }: StaticFile): number {
  return ENTRY_BYTES + (content?.byteLength ?? 0);
}

/** All of a file; undefined when it is large. */
function readSmall({ fd, state: { size } }: Opened): Uint8Array<ArrayBuffer> | undefined {
  if (size > gatewayLimits.staticKeptFileBytes) return undefined;
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size;) {
    const count = readSync(fd, bytes, at, size - at, at);
    if (count === 0) throw new HttpError(503, "The file is being written", { headers: { "retry-after": "1" } });
    at += count;
  }
  return bytes;
}
