/**
 * The Debian package of a target, made by dpkg-deb. It holds what the executable unpacks elsewhere, unpacked already; so a
 * first start is as fast as any other, and writes nothing that is run.
 */

import { createHash } from "node:crypto";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import $ from "dax";
import { debianChangelog, debianCopyright } from "./deb_documents.ts";
import { denoBinary } from "./deno_binary.ts";
import { writeProgram } from "./program.ts";
import type { Target } from "./targets.ts";
import { filesIn, serviceNames, write, writeServices } from "./tree.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What Debian calls the machines of targets. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  "x86_64-unknown-linux-gnu": "amd64",
  "aarch64-unknown-linux-gnu": "arm64",
};

/** What a package is made of. */
export interface DebParts {
  readonly target: Target;
  readonly version: string;
  readonly date: Date;
  /** Folder with manual pages, completions and documents, as `writeShared` leaves it. */
  readonly shared: string;
  /** `NAME <ADDRESS>` of whoever answers for the package. */
  readonly maintainer: string;
  /** Folder that it is written to. */
  readonly output: string;
  /** `xz` by default, which takes minutes; `none` for a package that is only tried. */
  readonly compression?: "xz" | "none";
}

/** Whether there are packages for a target. */
export function isDebian({ name }: Target): boolean {
  return name in ARCHITECTURES;
}

/** A version of ours as Debian orders them: `1.0.0-rc.1` comes before `1.0.0`. */
export function debianVersion(version: string): string {
  return `${version.replace("-", "~").replace(/\+.*/, "")}-1`;
}

/**
 * Builds a package.
 *
 * @returns its path
 */
export async function buildDeb(parts: DebParts): Promise<string> {
  const architecture = ARCHITECTURES[parts.target.name];
  const root = await Deno.makeTempDir({ prefix: "sluice-deb-" });
  try {
    await Deno.chmod(root, 0o755);
    await writePackage(root, parts, architecture);
    await setDates(root, parts.date);
    const file = join(parts.output, `sluice_${debianVersion(parts.version)}_${architecture}.deb`);
    const env = { SOURCE_DATE_EPOCH: String(parts.date.getTime() / 1000) };
    await $`dpkg-deb --root-owner-group ${`-Z${parts.compression ?? "xz"}`} --build ${root} ${file}`.env(env).quiet();
    return file;
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

async function writePackage(root: string, parts: DebParts, architecture: string): Promise<void> {
  const deno = await denoBinary(parts.target);
  await writeProgram(root, deno);
  await $`cp -R ${join(parts.shared, "share")} ${join(root, "usr/share")}`;
  await writeServices(join(root, "lib/systemd/system"), join(root, "etc/sluice"));
  for (const kind of ["sysusers", "tmpfiles"]) {
    const text = await Deno.readTextFile(join(ROOT, `packaging/systemd/sluice.${kind}`));
    await write(join(root, `usr/lib/${kind}.d/sluice.conf`), text);
  }
  await writeDocuments(root, parts);
  for (const path of filesIn(join(root, "usr/share/man"))) await $`gzip -9n ${path}`;
  await normalizeModes(root);
  await writeControl(root, parts, architecture, await glibcOf(deno));
}

/** What Debian's policy asks for in the place of our own: sections 12.5 and 12.7. */
async function writeDocuments(root: string, { version, date, maintainer }: DebParts): Promise<void> {
  const folder = join(root, "usr/share/doc/sluice");
  await write(join(folder, "copyright"), debianCopyright(await Deno.readTextFile(join(folder, "LICENSE"))));
  await Deno.remove(join(folder, "LICENSE"));
  await Deno.rename(join(folder, "CHANGELOG.md"), join(folder, "changelog"));
  await write(join(folder, "changelog.Debian"), debianChangelog(debianVersion(version), date, maintainer));
  await $`gzip -9n ${["changelog", "changelog.Debian"].map((name) => join(folder, name))}`;
  const overrides = await Deno.readTextFile(join(ROOT, "packaging/debian/lintian-overrides"));
  await write(join(root, "usr/share/lintian/overrides/sluice"), overrides);
}

async function writeControl(root: string, parts: DebParts, architecture: string, glibc: string): Promise<void> {
  const folder = join(root, "DEBIAN");
  const files = filesIn(root);
  const size = files.reduce((sum, path) => sum + Math.ceil(Deno.statSync(path).size / 1024), 0);
  const control = await Deno.readTextFile(join(ROOT, "packaging/debian/control"));
  const values: Record<string, string> = {
    version: debianVersion(parts.version),
    ...{ architecture, glibc, size: String(size), maintainer: parts.maintainer },
  };
  await write(join(folder, "control"), control.replace(/@(\w+)@/g, (_, name) => values[name]));
  const named = files.map((path) => ({ path, name: relative(root, path) }));
  const settings = named.filter(({ name }) => name.startsWith("etc/")).map(({ name }) => `/${name}\n`);
  await write(join(folder, "conffiles"), settings.join(""));
  await write(join(folder, "md5sums"), named.map(({ path, name }) => `${md5(path)}  ${name}\n`).join(""));
  for (const script of ["postinst", "prerm", "postrm"]) {
    const text = await Deno.readTextFile(join(ROOT, "packaging/debian", script));
    await write(join(folder, script), text.replace("@services@", serviceNames().join(" ")), 0o755);
  }
}

function md5(path: string): string {
  return createHash("md5").update(Deno.readFileSync(path)).digest("hex");
}

/** The oldest C library that has all that Deno asks for: the versions stand in its table of strings. */
async function glibcOf(deno: string): Promise<string> {
  const text = new TextDecoder("latin1").decode(await Deno.readFile(deno));
  const versions = [...text.matchAll(/\0GLIBC_2\.(\d+)(?:\.\d+)?(?=\0)/g)].map(([, minor]) => Number(minor));
  if (versions.length === 0) throw new Error(`Cannot tell which C library ${deno} needs: it names none`);
  return `2.${Math.max(...versions)}`;
}

/** Folders and programs are 755 and all else is 644, whatever the umask of this machine is. */
async function normalizeModes(root: string): Promise<void> {
  await $`find ${root} -type d -exec chmod 755 {} +`;
  await $`find ${root} -type f -exec chmod 644 {} +`;
  await $`chmod 755 ${join(root, "usr/bin/sluice")} ${join(root, "usr/lib/sluice/deno")}`;
}

async function setDates(root: string, date: Date): Promise<void> {
  const folders = new Set(filesIn(root).flatMap((path) => [path, dirname(path)]));
  for (const path of folders) await Deno.utime(path, date, date);
  await $`find ${root} -type d -exec touch --date=@${date.getTime() / 1000} {} +`;
}
