/**
 * Opens what lies below a root, and nothing else, whoever changes links meanwhile. On Linux the kernel is asked where the
 * file lies that was opened, so that there is no time between the check and the use. Elsewhere the path is resolved and
 * compared before and after: who changes a link twice between these calls gets through. A hard link, and what is mounted
 * below the root, belong to it everywhere.
 */

import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { join, sep } from "node:path";
import { HttpError } from "../../errors.ts";

/** What tells one state of a file from another, and what a client is told of it. */
export interface FileState {
  readonly kind: "file" | "folder" | "other";
  readonly device: number;
  readonly inode: number;
  readonly size: number;
  readonly modifiedMs: number;
  /** Of its last change of any kind: unlike the time of its content, nobody can set it. */
  readonly changedMs: number;
}

/** A file or folder that is open. */
export interface Opened extends Disposable {
  readonly fd: number;
  readonly state: FileState;
  /** A path by which the very thing that is open can be reached. */
  readonly path: string;
}

/** Codes of paths at which there is nothing. */
const NOTHING = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG", "EINVAL", "ENXIO"]);
const REFUSED = new Set(["EACCES", "EPERM"]);
const EXHAUSTED = new Set(["EMFILE", "ENFILE", "ENOMEM"]);

/** A fifo must not be waited at: one may have been put in place of a file. */
const READ_AT_ONCE = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

const isLinux = Deno.build.os === "linux";

/**
 * The state of what a path leads to; undefined when there is nothing.
 *
 * @throws {HttpError} 403 when we may not look, 503 when the system has no more to give
 */
export function stateOf(path: string): FileState | undefined {
  return orNothing(() => {
    const { isFile, isDirectory, dev, ino, size, mtime, ctime } = Deno.statSync(path);
    return {
      kind: isFile ? "file" : isDirectory ? "folder" : "other",
      device: dev,
      inode: ino ?? 0,
      size,
      modifiedMs: mtime?.getTime() ?? 0,
      changedMs: ctime?.getTime() ?? 0,
    };
  });
}

/** Whether two states are those of one file that nobody has changed. */
export function isSame(a: FileState, b: FileState): boolean {
  return a.inode === b.inode && a.modifiedMs === b.modifiedMs && a.size === b.size && a.changedMs === b.changedMs &&
    a.device === b.device;
}

/**
 * Opens a file or a folder.
 *
 * @param root what the path must not lead out of, by whatever links; undefined: it may lead anywhere
 * @returns undefined when there is none; "outside" when it lies elsewhere
 * @throws what {@linkcode stateOf} throws
 */
export function openBelow(path: string, root: string | undefined): Opened | "outside" | undefined {
  return orNothing(() => {
    // To open a device may do something to it. One that is put there right now is closed again, unread.
    if (stateOf(path)?.kind === "other") return undefined;
    const opened = open(path);
    try {
      const isFine = opened.state.kind !== "other";
      const isInside = root === undefined || liesBelow(opened, path, Deno.realPathSync(root));
      if (isFine && isInside) return opened;
      opened[Symbol.dispose]();
      return isFine ? "outside" : undefined;
    } catch (error) {
      opened[Symbol.dispose]();
      throw error;
    }
  });
}

function open(path: string): Opened {
  const fd = openSync(path, READ_AT_ONCE);
  try {
    const stats = fstatSync(fd);
    const state: FileState = {
      kind: stats.isFile() ? "file" : stats.isDirectory() ? "folder" : "other",
      device: stats.dev,
      inode: stats.ino,
      size: stats.size,
      modifiedMs: stats.mtimeMs,
      changedMs: stats.ctimeMs,
    };
    return { fd, state, path: isLinux ? `/proc/self/fd/${fd}` : path, [Symbol.dispose]: () => closeSync(fd) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function liesBelow(opened: Opened, path: string, root: string): boolean {
  if (isLinux) return isBelow(Deno.readLinkSync(opened.path), root);
  const real = Deno.realPathSync(path);
  const state = stateOf(real);
  return isBelow(real, root) && state !== undefined && isSame(state, opened.state) && Deno.realPathSync(path) === real;
}

/** Whether a path leads to something below a root, by whatever links. */
export function leadsBelow(path: string, root: string): boolean {
  return orNothing(() => isBelow(Deno.realPathSync(path), Deno.realPathSync(root))) ?? false;
}

function isBelow(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

/** A path of a root and of what {@linkcode belowRoot} let through. */
export function joinRoot(root: string, path: string): string {
  return path === "" ? root : join(root, path);
}

function orNothing<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (NOTHING.has(code)) return undefined;
    if (REFUSED.has(code)) throw new HttpError(403, "The server may not read this file", { cause: error });
    if (!EXHAUSTED.has(code)) throw error;
    throw new HttpError(503, "The server has too many files open", { headers: { "retry-after": "1" }, cause: error });
  }
}
