/** One file that carries Deno and the command line: a shell script that unpacks what stands behind it, and starts it. */

import { createHash } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import metadata from "../../deno.json" with { type: "json" };
import { archive, type Entry } from "./archive.ts";
import { bundleCli } from "./bundle.ts";
import { denoBinary } from "./deno_binary.ts";
import { executableNotices } from "./executable_notices.ts";
import launcher from "./launcher.sh" with { type: "text" };
import type { Target } from "./targets.ts";

/**
 * The date of all files: a changed one has another. It is long past, so that `ls` shows the year and no time, and at noon,
 * so that no time zone makes another day of it.
 */
const MODIFIED = new Date("2000-01-01T12:00:00Z");
const MODIFIED_AS_LISTED = "Jan12000";

/** How Deno is started: everything is there, nothing is looked for elsewhere. */
export const FLAGS = ["-A", "--unstable-kv", "--no-config", "--no-lock", "--no-remote", "--no-npm", "--cached-only"];

/**
 * Builds the file.
 *
 * @param target the system that it is for
 * @param output its path
 */
export async function buildSelfExtracting(target: Target, output: string): Promise<void> {
  if (target.system === undefined) {
    throw new TypeError(`Cannot build for ${target.name} without denort: it has no POSIX shell; set DENORT_BIN to it`);
  }
  const folder = await Deno.makeTempDir({ prefix: "sluice-compile-" });
  try {
    await bundleCli(folder);
    await Deno.writeTextFile(join(folder, "NOTICES"), await executableNotices());
    const entries = await entriesOf(folder, await denoBinary(target));
    const draft = `${output}.${crypto.randomUUID()}`;
    try {
      await write(draft, await script(target.system, entries), entries);
      await Deno.rename(draft, output); // a file that runs can't be written over
    } finally {
      await Deno.remove(draft).catch(() => {/* it has its name */});
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The files to carry, in the order in which the launcher sees them. */
async function entriesOf(folder: string, deno: string): Promise<readonly Entry[]> {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
  const files = [["deno", deno, 0o700] as const, ...names.map((name) => [name, join(folder, name), 0o600] as const)];
  const entries = await Promise.all(files.map(async ([name, path, mode]) => ({
    name,
    mode,
    size: (await Deno.stat(path)).size,
    content: async function* () {
      yield* (await Deno.open(path)).readable;
    },
  })));
  return entries.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** The launcher for these files. */
async function script(system: string, entries: readonly Entry[]): Promise<string> {
  const sums: string[] = [];
  for (const { name, content } of entries) sums.push(`${await sha256(content())}  ${name}\n`);
  const sum = await sha256([new TextEncoder().encode(sums.join(""))]);
  const values: Record<string, string> = {
    version: metadata.version,
    deno: Deno.version.deno,
    system,
    sum,
    id: sum.slice(0, 32),
    flags: FLAGS.join(" "),
    files: entries.map(({ name, size }) => `${size} ${MODIFIED_AS_LISTED} ${name};`).join(""),
  };
  const text = launcher.replace(/@(\w+)@/g, (place, name) => values[name] ?? place);
  // Where the archive begins depends on the length of the text that says so.
  const offset = (digits: number) => text.replaceAll("@offset@", "0".repeat(digits)).length + 1;
  const digits = [4, 5, 6].find((digits) => String(offset(digits)).length === digits)!;
  return text.replaceAll("@offset@", String(offset(digits)));
}

async function write(file: string, head: string, entries: readonly Entry[]): Promise<void> {
  const output = createWriteStream(file, { mode: 0o755 });
  await once(output, "open");
  output.write(head);
  await pipeline(archive(entries, MODIFIED), createGzip({ level: 9 }), output);
}

async function sha256(content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
  const digest = createHash("sha256");
  for await (const chunk of content) digest.update(chunk);
  return digest.digest("hex");
}
