/** Archives of a release, and the list of their sums. */

import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { archive } from "./archive.ts";
import { entriesOf } from "./tree.ts";

/** The name of a target's archive, and of the one folder in it. */
export function archiveName(version: string, target: string): string {
  return `sluice-${version}-${target}`;
}

/**
 * Packs a folder.
 *
 * @param name of the one folder in the archive
 * @returns the archive's path
 */
export async function packFolder(folder: string, name: string, output: string, date: Date): Promise<string> {
  const path = join(output, `${name}.tar.gz`);
  await pipeline(archive(entriesOf(folder, name), date), createGzip({ level: 9 }), createWriteStream(path));
  return path;
}

/** The text of SHA256SUMS, as `sha256sum --check` reads it. */
export async function sumsOf(files: readonly string[]): Promise<string> {
  const named = [...files].sort((a, b) => basename(a) < basename(b) ? -1 : 1);
  const lines = [];
  for (const path of named) lines.push(`${await sha256(path)}  ${basename(path)}\n`);
  return lines.join("");
}

async function sha256(path: string): Promise<string> {
  const digest = createHash("sha256");
  for await (const chunk of (await Deno.open(path)).readable) digest.update(chunk);
  return digest.digest("hex");
}
