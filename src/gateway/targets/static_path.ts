/** What a client's path may mean below a root: one name for a file, and no way out. Pure. */

/** Name of the one folder that begins with a dot and is for the public (RFC 8615). */
const WELL_KNOWN = ".well-known";

/** Longest path of Linux, bytes; what is longer would only be refused later. */
const PATH_LENGTH_MAX = 4096;

/** A path below a root. */
export interface BelowRoot {
  /** Joined by slashes, without one at either end; empty for the root itself. */
  readonly path: string;
  /** The client asked for a folder: a slash at the end, or nothing at all. */
  readonly isFolder: boolean;
}

/**
 * Checks a path that a client sent, decoded. Undefined for one that names nothing that is served: with `.` or `..`, with
 * two slashes in a row, hidden, or with characters that are separators somewhere.
 */
export function belowRoot(rest: string): BelowRoot | undefined {
  if (rest === "") return { path: "", isFolder: true };
  if (rest.length > PATH_LENGTH_MAX || /[\0\\]/.test(rest)) return undefined;
  // There a colon leads to another drive, or to another stream of the file.
  if (Deno.build.os === "windows" && rest.includes(":")) return undefined;
  const isFolder = rest.endsWith("/");
  const path = isFolder ? rest.slice(0, -1) : rest;
  return path.split("/").every(isShown) ? { path, isFolder } : undefined;
}

/** Whether a file or folder of this name is shown to clients. */
export function isShown(name: string): boolean {
  return name !== "" && (!name.startsWith(".") || name === WELL_KNOWN);
}
