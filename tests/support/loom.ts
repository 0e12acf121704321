/** Stream stores to test: the same tests run over each kind, with a clock that they set. */

import { rejects } from "node:assert/strict";
import { openLoom, openMemoryLoom } from "../../src/loom/open_loom.ts";
import type { StoreLimits } from "../../src/loom/store/retention.ts";
import type { StreamErrorCode } from "../../src/loom/stream_error.ts";
import type { StreamStore } from "../../src/loom/stream_store.ts";

/** `closed`: on disk, closed and opened again between the steps of a test; `crashed`: as the disk is while it is open. */
export type Kind = "memory" | "disk" | "closed" | "crashed";

/** A store under test. */
export interface TestStore extends AsyncDisposable {
  /** The store as it is now. */
  readonly store: StreamStore;
  readonly kind: Kind;
  /** Milliseconds since 1970, as the store sees them. */
  now: number;
  /** Warnings and errors of the store. */
  readonly complaints: string[];
  /** Where a store on disk lies. */
  readonly dir: string;
  /** Between the steps of a test: what was acknowledged has to be there behind it. */
  again(): Promise<void>;
}

/** When the clocks of tests begin. */
export const BEGIN = Date.parse("2026-01-01T00:00:00Z");

type StoreTest = (tested: TestStore) => Promise<void>;

/** Runs a test over each kind of store whose steps `again` tells apart. */
export function eachStore(name: string, test: StoreTest, bounds?: StoreLimits): void {
  for (const kind of ["memory", "closed", "crashed"] as const) testStore(kind, name, test, bounds);
}

/** Runs a test in memory and on disk. */
export function bothStores(name: string, test: StoreTest, bounds?: StoreLimits): void {
  for (const kind of ["memory", "disk"] as const) testStore(kind, name, test, bounds);
}

function testStore(kind: Kind, name: string, test: StoreTest, bounds: StoreLimits | undefined): void {
  Deno.test(`${name} [${kind}]`, async () => {
    await using tested = await openStore(kind, bounds);
    await test(tested);
  });
}

/** Opens an empty store; it is gone at the end of the test. */
export async function openStore(kind: Kind, bounds?: StoreLimits): Promise<TestStore> {
  const tested = new Tested(kind, await makeQuickDir(), bounds);
  await tested.open();
  return tested;
}

class Tested implements TestStore {
  store!: StreamStore;
  now = BEGIN;
  readonly complaints: string[] = [];
  #copies = 0;

  constructor(readonly kind: Kind, readonly folder: string, readonly bounds: StoreLimits | undefined) {}

  get dir(): string {
    return `${this.folder}/loom-${this.#copies}`;
  }

  async open(): Promise<void> {
    const options = {
      clock: () => this.now,
      limits: this.bounds,
      log: (level: string, message: string) => void (level === "info" || this.complaints.push(message)),
    };
    this.store = this.kind === "memory" ? await openMemoryLoom(options) : await openLoom({ ...options, dir: this.dir });
  }

  async again(): Promise<void> {
    if (this.kind !== "closed" && this.kind !== "crashed") return;
    const before = this.dir;
    if (this.kind === "crashed") {
      this.#copies++;
      await copyFolder(before, this.dir);
    }
    await this.store.close();
    await this.open();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.store.close();
    } finally {
      await Deno.remove(this.folder, { recursive: true });
    }
  }
}

/** Where the system has files in memory they lie there: the hundreds of files of a store take a disk longer than a test. */
async function makeQuickDir(): Promise<string> {
  const isThere = await Deno.stat("/dev/shm").then(({ isDirectory }) => isDirectory, () => false);
  return await Deno.makeTempDir({ dir: isThere ? "/dev/shm" : undefined, prefix: "sluice test " });
}

/** Copies a folder as it is: what a store finds that opens it is what a crash would have left. */
export async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for (const { name, isDirectory } of Deno.readDirSync(from)) {
    if (isDirectory) await copyFolder(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`).catch(ignoreMissing);
  }
}

/** Files of removed streams go while they are copied. */
function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Bytes of a text. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** Text of bytes. */
export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** All that a stream holds from a position on, read in pieces. */
export async function readStream(store: StreamStore, id: string, from = 0, max = 256 * 1024): Promise<Uint8Array> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (let at = from;;) {
    const piece = await store.read(id, at, max);
    if (piece.from !== at || piece.next !== at + piece.bytes.byteLength) throw new Error(`A piece of ${id} is askew`);
    if (piece.bytes.byteLength === 0 && !piece.upToDate) throw new Error(`A piece of ${id} is empty before the end`);
    chunks.push(piece.bytes);
    at = piece.next;
    if (piece.upToDate) return new Uint8Array(await new Blob(chunks).arrayBuffer());
  }
}

/** The same as text. */
export async function readText(store: StreamStore, id: string, from = 0): Promise<string> {
  return textOf(await readStream(store, id, from));
}

/** Checks that something is refused. */
export async function refused(code: StreamErrorCode, doing: Promise<unknown>, message?: string): Promise<void> {
  await rejects(doing, { name: "StreamError", code }, message);
}
