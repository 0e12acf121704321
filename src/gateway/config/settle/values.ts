/** Single values of a file: times, sizes, lists, paths. Each notes what is wrong with it at its place. */

import { parseBytes, parseDuration } from "../../../bytes/quantity.ts";
import type { Place } from "../place.ts";
import type { Size, Some, Time } from "../raw.ts";
import { TIMER_MS_MAX } from "../schema/parts.ts";

/** Milliseconds; undefined where nothing is said. */
export function timeOf(place: Place, raw: Time | undefined, most: number = TIMER_MS_MAX): number | undefined {
  const ms = typeof raw === "string" ? parseDuration(raw) : raw;
  if (ms === undefined || ms <= most) return ms;
  return place.fault(`is ${ms} milliseconds: ${most} is the most`);
}

/** The same where 0 would mean for ever, which nobody may keep a connection. */
export function boundedTimeOf(place: Place, raw: Time | undefined): number | undefined {
  const ms = timeOf(place, raw);
  return ms === 0 ? place.fault("is 0, which would let a client keep a connection for ever") : ms;
}

/** Bytes; undefined where nothing is said. */
export function sizeOf(raw: Size | undefined): number | undefined {
  return typeof raw === "string" ? parseBytes(raw) : raw;
}

/** One or several as a list. */
export function listOf<T extends string | object>(raw: Some<T> | undefined): readonly T[] {
  return raw === undefined ? [] : Array.isArray(raw) ? raw : [raw as T];
}

/** The same, each with its place: a single one has that of its key. */
export function itemsOf<T extends string | object>(place: Place, raw: Some<T> | undefined): readonly [T, Place][] {
  return listOf(raw).map((item, index) => [item, Array.isArray(raw) ? place.at(index) : place]);
}

/** Each of one or several, read; what can't be is noted and left out. */
export function readItems<T extends string | object, R>(
  place: Place,
  raw: Some<T> | undefined,
  read: (item: T, place: Place) => R | undefined,
): readonly R[] {
  return itemsOf(place, raw).flatMap(([item, place]) => {
    const value = read(item, place);
    return value === undefined ? [] : [value];
  });
}

/** What lies at a path; undefined for nothing. */
export function kindOfFile(path: string): "file" | "folder" | "other" | undefined {
  try {
    const { isFile, isDirectory } = Deno.statSync(path);
    return isFile ? "file" : isDirectory ? "folder" : "other";
  } catch {
    return undefined; // whether it is missing or out of reach, it can't be used
  }
}

/** Absolute path of a file that is there. */
export function fileOf(place: Place, raw: string): string | undefined {
  const path = place.resolve(raw);
  const kind = kindOfFile(path);
  if (kind === "file") return path;
  return place.fault(kind === undefined ? `names ${raw}, which is not there` : `names ${raw}, which is no file`);
}

/** Absolute path of a folder that is there. */
export function folderOf(place: Place, raw: string): string | undefined {
  const path = place.resolve(raw);
  const kind = kindOfFile(path);
  if (kind === "folder") return path;
  return place.fault(kind === undefined ? `names ${raw}, which is not there` : `names ${raw}, which is no folder`);
}
