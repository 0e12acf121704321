/** Tells when any of some files has changed: looked at by their folders, since editors put a new file in the old one's place. */

import { basename, dirname, resolve } from "node:path";

/** Editors and tools write a file in several steps, which are one change. */
const SETTLE_MS = 100;

/** Watches until it is disposed. */
export class FileWatch implements Disposable {
  readonly #onChange: () => void;
  #watcher: Deno.FsWatcher | undefined;
  #names = new Set<string>();
  #settling: ReturnType<typeof setTimeout> | undefined;

  constructor(files: readonly string[], onChange: () => void) {
    this.#onChange = onChange;
    this.watch(files);
  }

  /** Watches other files from now on. */
  watch(files: readonly string[]): void {
    const paths = new Set(files.map((file) => resolve(file)));
    if (paths.size === this.#names.size && [...paths].every((path) => this.#names.has(path))) return;
    this.#watcher?.close();
    this.#names = paths;
    this.#watcher = paths.size === 0 ? undefined : Deno.watchFs([...new Set([...paths].map((path) => dirname(path)))], {
      recursive: false,
    });
    if (this.#watcher) this.#follow(this.#watcher);
  }

  [Symbol.dispose](): void {
    this.#watcher?.close();
    clearTimeout(this.#settling);
  }

  async #follow(watcher: Deno.FsWatcher): Promise<void> {
    for await (const { kind, paths } of watcher) {
      if (kind === "access") continue; // our own reading, too
      const names = [...this.#names].map((path) => basename(path));
      if (!paths.some((path) => names.includes(basename(path)))) continue;
      clearTimeout(this.#settling);
      this.#settling = setTimeout(this.#onChange, SETTLE_MS);
    }
  }
}
