/**
 * Puts files into a folder, all or none: they are written into a folder beside their place, and then renamed. What is in
 * their way is moved there too, and back again when one of them can't be placed.
 */

import { basename, dirname, join } from "node:path";
import type { ProjectFile } from "./project.ts";

/** A step that can be taken back. */
type Undo = () => void;

/**
 * Writes the files. Nothing else runs meanwhile, so that a signal that is listened to waits for the end.
 *
 * @param folder absolute path; it is made if it is not there, but nothing above it
 * @param force replaces files that are there
 * @throws {Error} when a file is there, or can't be written: then everything is as it was
 */
export function placeFiles(folder: string, files: readonly ProjectFile[], force: boolean): void {
  const isThere = isFolder(folder);
  if (isThere) refuseExisting(folder, files, force);
  else if (!isFolder(dirname(folder))) {
    throw new Error(`Cannot write ${folder}: ${dirname(folder)} is no folder; make it first`);
  }
  // In the folder itself where it is there: the one above may belong to somebody else, or lie on another file system.
  const place = isThere ? folder : dirname(folder);
  const draft = Deno.makeTempDirSync({ dir: place, prefix: `.${basename(folder)}.` });
  let isStranded = false;
  try {
    const written = join(draft, "new");
    Deno.mkdirSync(written);
    for (const { name, text, mode } of files) {
      Deno.writeTextFileSync(join(written, name), text, { createNew: true, mode });
    }
    if (isThere) moveAll(draft, folder, files);
    else Deno.renameSync(written, folder);
  } catch (error) {
    isStranded = error instanceof AggregateError;
    throw error;
  } finally {
    if (!isStranded) Deno.removeSync(draft, { recursive: true });
  }
}

function refuseExisting(folder: string, files: readonly ProjectFile[], force: boolean): void {
  const there = files.filter(({ name }) => lookAt(join(folder, name)) !== undefined).map(({ name }) => name);
  const folders = there.filter((name) => lookAt(join(folder, name))!.isDirectory);
  if (folders.length > 0) throw new Error(`Cannot write ${join(folder, folders[0])}: it is a folder; move it away`);
  if (there.length === 0 || force) return;
  const rest = there.length === 1 ? "it is" : "they are";
  throw new Error(
    `Cannot write ${there.join(", ")} in ${folder}: ${rest} there already; take another --dir, or --force writes over`,
  );
}

function moveAll(draft: string, folder: string, files: readonly ProjectFile[]): void {
  const undo: Undo[] = [];
  const old = join(draft, "old");
  Deno.mkdirSync(old);
  const move = (from: string, to: string) => {
    Deno.renameSync(from, to);
    undo.push(() => Deno.renameSync(to, from));
  };
  try {
    for (const { name } of files) {
      const to = join(folder, name);
      if (lookAt(to) !== undefined) move(to, join(old, name));
      move(join(draft, "new", name), to);
    }
  } catch (error) {
    const failures = undo.reverse().flatMap((step) => failureOf(step));
    if (failures.length === 0) throw error;
    const what = `Cannot write into ${folder}, nor take it back: ${(error as Error).message}`;
    throw new AggregateError([error, ...failures], `${what}; move back by hand what lies in ${old}`);
  }
}

function failureOf(step: Undo): unknown[] {
  try {
    step();
    return [];
  } catch (error) {
    return [error];
  }
}

function isFolder(path: string): boolean {
  try {
    if (Deno.statSync(path).isDirectory) return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    if (lookAt(path) === undefined) return false;
  }
  throw new Error(`Cannot write into ${path}: it is no folder; name another one with --dir`);
}

/** What lies at a path itself, a link that leads nowhere too. */
function lookAt(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
