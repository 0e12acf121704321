/**
 * A tree of files below a prefix such as `/usr` or `~/.local`: what stands around the executable, wherever it is
 * installed. Manual pages and completions are made by the command line itself.
 */

import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import $ from "dax";
import type { Entry } from "./archive.ts";
import { executableNotices } from "./executable_notices.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Where each shell looks for the completions of a command. */
const COMPLETIONS = {
  bash: "share/bash-completion/completions/sluice",
  zsh: "share/zsh/site-functions/_sluice",
  fish: "share/fish/vendor_completions.d/sluice.fish",
};

/** Documents of a release, below `share/doc/sluice`; the links between them stay right. */
const DOCUMENTS = ["README.md", "CHANGELOG.md", "LICENSE", "docs"];

/** Writes manual pages, completions and documents below a prefix. */
export async function writeShared(prefix: string, date: Date): Promise<void> {
  const env = { SOURCE_DATE_EPOCH: String(date.getTime() / 1000), NO_COLOR: "1" };
  await $`${Deno.execPath()} run -A cli.ts manual --dir ${join(prefix, "share/man/man1")}`.cwd(ROOT).env(env).quiet();
  for (const [shell, path] of Object.entries(COMPLETIONS)) {
    await write(
      join(prefix, path),
      await $`${Deno.execPath()} run -A cli.ts completions ${shell}`.cwd(ROOT).env(env).text(),
    );
  }
  const documents = join(prefix, "share/doc/sluice");
  for (const name of DOCUMENTS) await copy(join(ROOT, name), join(documents, name));
  await write(join(documents, "NOTICES"), await executableNotices());
}

/** Copies the services of systemd, and the settings that they read. */
export async function writeServices(units: string, settings: string): Promise<void> {
  for (const name of serviceNames()) await copy(join(ROOT, "packaging/systemd", name), join(units, name));
  await copy(join(ROOT, "packaging/etc"), settings);
}

/** Copies all that an administrator puts in place by hand: services, their settings below `etc`, and their user. */
export async function writeSystemd(folder: string): Promise<void> {
  await copy(join(ROOT, "packaging/systemd"), folder);
  await copy(join(ROOT, "packaging/etc"), join(folder, "etc"));
}

/** Names of the services. */
export function serviceNames(): readonly string[] {
  return [...Deno.readDirSync(join(ROOT, "packaging/systemd"))].map(({ name }) => name)
    .filter((name) => name.endsWith(".service")).sort();
}

/** All files below a folder as entries of an archive, in one order, with the modes that they have on any machine. */
export function entriesOf(folder: string, below: string): Entry[] {
  return filesIn(folder).map((path) => {
    const { size, mode } = Deno.statSync(path);
    return {
      name: `${below}/${relative(folder, path)}`,
      mode: (mode ?? 0) & 0o100 ? 0o755 : 0o644,
      size,
      content: async function* () {
        yield* (await Deno.open(path)).readable;
      },
    };
  });
}

/** Paths of all files below a folder, sorted by their bytes. */
export function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = join(folder, name);
    return isDirectory ? filesIn(path) : [path];
  }).sort((a, b) => a < b ? -1 : 1);
}

/** Writes a file, and the folders above it. */
export async function write(path: string, text: string, mode = 0o644): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeTextFile(path, text, { mode });
  await Deno.chmod(path, mode);
}

async function copy(from: string, to: string): Promise<void> {
  await Deno.mkdir(dirname(to), { recursive: true });
  await $`cp -R ${from} ${to}`;
}
