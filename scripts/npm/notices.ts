/** The licences of the packages that bundles hold, which have to go with them. */

import { join } from "node:path";

/** Where a bundle says that a module was in the cache of this machine, up to the package's name. */
const IN_CACHE = /[^\s"'`]*\/npm\/registry\.[^\s"'`/]+\//g;

/** A package, as `deno info` tells of it. */
interface Package {
  readonly name: string;
  readonly version: string;
  readonly localPath: string;
}

/** Takes out of a bundle where this machine keeps its packages: `npm/NAME/VERSION/` is left. */
export function hideCache(text: string): string {
  return text.replace(IN_CACHE, "npm/");
}

/**
 * The notices of all packages that modules need.
 *
 * @param entries paths of the modules
 * @throws {Error} when a package says nothing of its licence
 */
export async function noticesOf(entries: readonly string[]): Promise<string> {
  const packages = new Map<string, Package>();
  for (const entry of entries) {
    for (const each of await packagesOf(entry)) packages.set(`${each.name} ${each.version}`, each);
  }
  const notices = [...packages].sort(([a], [b]) => a < b ? -1 : 1).map(async ([title, { localPath }]) =>
    `${title}\n\n${(await licenceIn(localPath)).trim()}\n`
  );
  return (await Promise.all(notices)).join(`\n${"-".repeat(80)}\n\n`);
}

async function packagesOf(entry: string): Promise<readonly Package[]> {
  const args = ["info", "--json", entry];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`Cannot tell what ${entry} needs: ${decoder.decode(stderr)}`);
  return Object.values(JSON.parse(decoder.decode(stdout)).npmPackages);
}

/** A package's licence in its own words, or by its name and holder. */
async function licenceIn(folder: string): Promise<string> {
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (isFile && /^licen[cs]e/i.test(name)) return await Deno.readTextFile(join(folder, name));
  }
  const { license, author } = JSON.parse(await Deno.readTextFile(join(folder, "package.json")));
  if (typeof license !== "string") throw new Error(`Cannot tell the licence of ${folder}: it has none`);
  return `${license}, ${typeof author === "string" ? author : author?.name ?? "its authors"}`;
}
