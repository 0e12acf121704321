/** Deno itself, for any target: this process's own, or the one that npm has. */

import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import $ from "dax";
import { privateFolder } from "../../src/process/cache.ts";
import type { Target } from "./targets.ts";

/** Where Deno for a target is; it is fetched from npm, once, where it is not the one that runs this. */
export async function denoBinary(target: Target): Promise<string> {
  const own = Deno.execPath();
  if (target.name === Deno.build.target && basename(own) === "deno") return Deno.realPathSync(own);
  const folder = join(privateFolder("deno"), Deno.version.deno, target.name);
  await Deno.mkdir(folder, { recursive: true });
  const archive = await fetchPackage(`${target.denoPackage}@${Deno.version.deno}`, folder);
  // Unpacked each time: what is checked is the archive.
  await $`tar -xzf ${archive} -C ${folder} package/deno`.quiet();
  return join(folder, "package", "deno");
}

/** The archive of an npm package, whose bytes are what the registry says they are. */
async function fetchPackage(name: string, folder: string): Promise<string> {
  const note = join(folder, "integrity");
  const known = await Deno.readTextFile(note).catch(() => ""); // not fetched yet
  const archive = join(folder, "package.tgz");
  if (known !== "" && await integrityOf(archive) === known) return archive;
  const integrity = (await $`npm view ${name} dist.integrity`.quiet().text()).trim();
  if (!integrity.startsWith("sha512-")) throw new Error(`Cannot check ${name}: npm gives no SHA-512 for it`);
  const packed = (await $`npm pack --silent ${name}`.cwd(folder).quiet().text()).trim();
  await Deno.rename(join(folder, packed), archive);
  const found = await integrityOf(archive);
  if (found !== integrity) throw new Error(`Cannot use ${name}: its hash is ${found}, and npm says ${integrity}`);
  await Deno.writeTextFile(note, integrity);
  return archive;
}

/** A file's hash, as npm writes it; undefined where there is no file. */
async function integrityOf(file: string): Promise<string | undefined> {
  const digest = createHash("sha512");
  try {
    using opened = await Deno.open(file);
    for await (const chunk of opened.readable) digest.update(chunk);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  return `sha512-${digest.digest("base64")}`;
}
