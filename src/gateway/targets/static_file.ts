/** A file as clients see it: its content or a coded form of it, and the fields that its answers have. */

import type { StaticConfig } from "../config/target_model.ts";
import type { Validators } from "./static_conditions.ts";
import type { FileState } from "./static_open.ts";
import { contentTypeOf } from "./static_type.ts";

/** Codings that lie beside a file, the best first, and how their files' names end. */
export const CODED_NAMES = { br: ".br", zstd: ".zst", gzip: ".gz" } as const;

/** A coding that lies beside a file. */
export type StaticCoding = keyof typeof CODED_NAMES;

/** One state of a file. */
export interface StaticFile extends Validators {
  /** Where it was asked for, without what its coding adds. */
  readonly path: string;
  readonly coding: StaticCoding | undefined;
  readonly state: FileState;
  /** Fields of an answer with all of it, but for its length. */
  readonly headers: Readonly<Record<string, string>>;
  /** All of it, if it is small. */
  readonly content: Uint8Array<ArrayBuffer> | undefined;
}

/** Where a file lies. */
export function pathOfFile(path: string, coding: StaticCoding | undefined): string {
  return coding ? path + CODED_NAMES[coding] : path;
}

/** Describes a state of a file. */
export function describeFile(
  { path, coding }: Pick<StaticFile, "path" | "coding">,
  state: FileState,
  config: StaticConfig,
): Omit<StaticFile, "content"> {
  const etag = etagOf(state, coding);
  // A date that is still to come is none (RFC 9110 §8.8.2.1).
  const modified = Math.floor(Math.min(state.modifiedMs, Date.now()) / 1000);
  const headers: Record<string, string> = {
    "content-type": contentTypeOf(path),
    "x-content-type-options": "nosniff",
    "accept-ranges": "bytes",
  };
  if (coding) headers["content-encoding"] = coding;
  if (config.precompressed) headers.vary = "Accept-Encoding";
  if (config.noCache) headers["cache-control"] = "no-store";
  else Object.assign(headers, { etag, "last-modified": new Date(modified * 1000).toUTCString() });
  return { path, coding, state, etag, modified, headers };
}

/** The inode is in it for files that were made with one fixed time, as reproducible builds do. */
function etagOf({ inode, size, modifiedMs }: FileState, coding: StaticCoding | undefined): string {
  const numbers = [inode, size, Math.floor(modifiedMs)].map((number) => number.toString(36)).join("-");
  return `"${numbers}${coding ? `-${coding}` : ""}"`;
}
