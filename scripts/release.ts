/**
 * Makes a release in dist/release: an archive for each target, Debian packages, the npm package, `install.sh`, RELEASE.md
 * and the sums of all of it. The same sources give the same bytes: all files have the date of the last commit, or of
 * SOURCE_DATE_EPOCH.
 *
 * `deno task release [--target TARGET]... [--url URL] [--maintainer "NAME <ADDRESS>"]`
 */

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import $ from "dax";
import metadata from "../deno.json" with { type: "json" };
import { archiveName, packFolder, sumsOf } from "./build/archives.ts";
import { changelogSection } from "./build/changelog.ts";
import { buildDeb, isDebian } from "./build/deb.ts";
import { bakeInstallScript } from "./build/install_script.ts";
import { releaseDate } from "./build/release_date.ts";
import { buildSelfExtracting } from "./build/self_extracting.ts";
import { buildStandalone } from "./build/standalone.ts";
import { type Target, targetNamed, targetNames } from "./build/targets.ts";
import { writeShared, writeSystemd } from "./build/tree.ts";
import { writeNpmPackage } from "./npm.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const { version } = metadata;

const { values } = parseArgs({
  args: Deno.args,
  options: {
    target: { type: "string", multiple: true, default: [...targetNames] },
    url: { type: "string" },
    maintainer: { type: "string", default: maintainerOfEnvironment() },
  },
});

// What can be wrong is wrong before anything is built.
const targets = values.target.map(targetNamed);
const notes = changelogSection(await Deno.readTextFile(join(ROOT, "CHANGELOG.md")), version);
const date = await releaseDate(ROOT);
const script = bakeInstallScript(await Deno.readTextFile(join(ROOT, "scripts/install.sh")), version, values.url);

const output = join(ROOT, "dist/release");
await Deno.remove(output, { recursive: true }).catch(() => {/* there is none yet */});
await Deno.mkdir(output, { recursive: true });
const shared = await Deno.makeTempDir({ prefix: "sluice-release-" });
try {
  await release();
} finally {
  await Deno.remove(shared, { recursive: true });
}

async function release(): Promise<void> {
  $.logStep("writing", "manual pages, completions and documents");
  await writeShared(shared, date);
  const files: string[] = [];
  const missing: string[] = [];
  for (const target of targets) {
    const built = await releaseTarget(target);
    if (typeof built === "string") missing.push(`${target.name}: ${built}`);
    else files.push(...built);
  }
  const wasAskedFor = Deno.args.some((argument) => argument.startsWith("--target"));
  if (files.length === 0 || wasAskedFor && missing.length > 0) {
    throw new Error(`Cannot release ${version}: not all was built\n${missing.join("\n")}`);
  }
  files.push(await npmPackage());
  files.push(await writeInto("install.sh", script, 0o755), await writeInto("RELEASE.md", notes + "\n"));
  await writeInto("SHA256SUMS", await sumsOf(files));
  for (const path of files) $.logStep("made", `${path} ${((await Deno.stat(path)).size / 1e6).toFixed(1)} MB`);
  for (const reason of missing) $.logWarn("not built:", reason);
}

/** The archive of a target, and its Debian package where there is one; or why there is no executable for it. */
async function releaseTarget(target: Target): Promise<readonly string[] | string> {
  const folder = await Deno.makeTempDir({ prefix: "sluice-release-" });
  try {
    $.logStep("building", target.name);
    const executable = join(folder, "bin", target.name.includes("windows") ? "sluice.exe" : "sluice");
    const whyNot = await compile(target, executable);
    if (whyNot !== undefined) return whyNot;
    await $`cp -R ${join(shared, "share")} ${folder}`;
    if (target.name.includes("linux")) await writeSystemd(join(folder, "systemd"));
    const archive = await packFolder(folder, archiveName(version, target.name), output, date);
    if (!isDebian(target)) return [archive];
    return [archive, await buildDeb({ target, version, date, shared, maintainer: values.maintainer, output })];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Does what `deno task compile` does; says why where there is no way to build for a target on this machine. */
async function compile(target: Target, file: string): Promise<string | undefined> {
  await Deno.mkdir(dirname(file), { recursive: true });
  const whyNot = await buildStandalone(target, file);
  if (whyNot === undefined) return undefined;
  if (target.system === undefined) return whyNot;
  await buildSelfExtracting(target, file);
}

async function npmPackage(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "sluice-release-" });
  try {
    await writeNpmPackage(folder);
    const name = await $`npm pack --silent --pack-destination ${output} ${folder}`.text();
    return join(output, name.trim());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function writeInto(name: string, text: string, mode = 0o644): Promise<string> {
  const path = join(output, name);
  await Deno.writeTextFile(path, text, { mode });
  return path;
}

/** Who packages, as Debian's tools are told (debchange(1)). */
function maintainerOfEnvironment(): string {
  const [name, address] = ["DEBFULLNAME", "DEBEMAIL"].map((variable) => Deno.env.get(variable));
  return name && address ? `${name} <${address}>` : "The Sluice authors <sluice@localhost>";
}
