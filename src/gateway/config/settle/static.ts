/** Files of a directory, or one file. */

import { join, relative } from "node:path";
import type { StaticConfig } from "../target_model.ts";
import type { Place } from "../place.ts";
import type { RawStatic } from "../raw.ts";
import { endsInRest } from "./path_pattern.ts";
import { kindOfFile, listOf } from "./values.ts";

/** Reads it; undefined, with a fault noted, when it can't be. */
export function staticOf(place: Place, raw: string | RawStatic, path: string | undefined): StaticConfig | undefined {
  const isTable = typeof raw === "object";
  const { root: named, ...more } = isTable ? raw : { root: raw };
  const root = place.resolve(named);
  const kind = kindOfFile(root);
  if (kind !== "file" && kind !== "folder") {
    return (isTable ? place.at("root") : place).fault(`names ${named}, which is not there`);
  }
  const { index = "index.html", listing = false, precompressed = true, noCache = false, fallback } = more as RawStatic;
  const isFile = kind === "file";
  if (isFile) checkFile(place, more);
  else if (path === undefined) {
    place.fault("names a folder, which answers all paths below one: an operation has one path");
  } else if (!endsInRest(path)) {
    place.fault(
      'names a folder, which answers all paths below one: the route\'s path has to end in a rest, such as "/*path"',
    );
  }
  for (const name of listOf(index)) {
    if (name.includes("/") || name === ".." || name === ".") {
      place.at("index").fault(`names ${name}, which is no name of a file`);
    }
  }
  if (fallback !== undefined) checkFallback(place.at("fallback"), root, fallback);
  return { kind: "static", root, isFile, index: listOf(index), listing, precompressed, noCache, fallback };
}

function checkFile(place: Place, more: Partial<RawStatic>): void {
  for (const name of ["index", "listing", "fallback"] as const) {
    if (more[name] !== undefined) place.at(name).fault("has no effect: the root is one file");
  }
}

function checkFallback(place: Place, root: string, fallback: string): void {
  const path = join(root, fallback);
  if (relative(root, path).startsWith("..")) place.fault(`names ${fallback}, which is not in the directory`);
  else if (kindOfFile(path) !== "file") place.fault(`names ${fallback}, which is no file of the directory`);
}
