/**
 * Runs all tests. Interpreters that are missing are installed where that is allowed (root, with apt-get); otherwise each
 * language that could not be tested is named. Arguments are handed on to `deno test`; without files among them, each folder
 * is a process of its own. With `--executable` as the first, the command line is tested as the one file that
 * `deno task compile` makes.
 */

import $ from "dax";
import { currentExecutable } from "./build/current.ts";
import { findInterpreter, Languages } from "../src/process/languages.ts";

/** Tools that tests need besides interpreters that are missing: command, then Debian package. */
const TOOLS = {
  gawk: "gawk", // Debian's own awk is found too, and waits for a full buffer
  git: "git",
  gcc: "gcc",
  setsid: "util-linux",
  mount: "mount",
  strace: "strace",
  openssl: "openssl",
  ip: "iproute2",
  nft: "nftables", // a router that translates addresses
  pamscale: "netpbm", // pictures for the example of the mesh
  curl: "curl",
  wget: "wget", // install.sh takes either
  npm: "npm",
  zsh: "zsh", // completions are tried in the shells that they are for
  fish: "fish",
  mandoc: "mandoc", // it says what is wrong with a manual page
  busybox: "busybox", // a shell that the executable's launcher has to work with
  pebble: "pebble", // an authority for certificates by ACME, and the name server that it is tested with
};

/** What became of tests. */
interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const ofExecutable = Deno.args[0] === "--executable";
const chosen = ofExecutable ? Deno.args.slice(1) : Deno.args;
await installMissing();
const executable = ofExecutable ? await currentExecutable() : undefined;
// Packages are fetched by whoever runs the command first, with words about it that no test expects.
await $`deno run -A cli.ts --version`.quiet();
const cache = await Deno.makeTempDir({ prefix: "sluice-test-cache-" });
try {
  Deno.exitCode = await runTests(cache);
} finally {
  await Deno.remove(cache, { recursive: true });
}

async function installMissing(): Promise<void> {
  const missing = new Languages().all.filter((language) => language.interpreters && !findInterpreter(language));
  const packages = missing.map((language) => language.install ?? "").filter((name) => /^[a-z0-9.+-]+$/.test(name));
  for (const [command, name] of Object.entries(TOOLS)) {
    if (!await $.commandExists(command)) packages.push(name);
  }
  if (packages.length > 0 && Deno.uid() === 0 && await $.commandExists("apt-get")) {
    $.logStep("installing", packages.join(" "));
    await $`apt-get update`.quiet().noThrow();
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    await $`apt-get install -y --no-install-recommends ${packages}`.env(env).quiet("stdout").noThrow();
  }
  for (const language of missing.filter((language) => !findInterpreter(language))) {
    $.logWarn("not tested:", `${language.name}, for want of ${language.interpreters!.join(" or ")}`);
  }
}

/** Runs all that is wanted, and ends with a line that counts. @returns the exit code */
async function runTests(cache: string): Promise<number> {
  // The first start unpacks, which a test that waits for a server does not expect.
  if (executable) await $`${executable} --version`.env({ SLUICE_CACHE_DIR: cache }).quiet();
  const hasFiles = chosen.some((argument) => !argument.startsWith("-"));
  const groups = hasFiles ? [chosen] : groupsOf("tests").map((group) => [...group, ...chosen]);
  const counts: Counts[] = [];
  for (const group of groups) counts.push(await runGroup(group, cache));
  const sum = (name: keyof Counts) => counts.reduce((sum, count) => sum + count[name], 0);
  console.log(
    `${sum("passed")} passed, ${sum("failed")} failed${sum("skipped") > 0 ? `, ${sum("skipped")} skipped` : ""}`,
  );
  return sum("failed") > 0 ? 1 : 0;
}

/** What is tested by one process: one for all would hold more and more memory, and start ever slower. */
function groupsOf(folder: string): string[][] {
  const entries = [...Deno.readDirSync(folder)].toSorted((a, b) => a.name.localeCompare(b.name));
  const files = entries.filter(({ name }) => name.endsWith("_test.ts")).map(({ name }) => `${folder}/${name}`);
  const folders = entries.filter(({ isDirectory, name }) => isDirectory && name !== "support");
  return [files, ...folders.map(({ name }) => [`${folder}/${name}`])];
}

/** Runs `deno test` once. Types are looked over by `deno task check`. */
async function runGroup(args: readonly string[], cache: string): Promise<Counts> {
  const child = $`deno test -A --no-check --sanitize-ops --sanitize-resources ${args}`
    .env({ SLUICE_CACHE_DIR: cache, RUST_BACKTRACE: undefined, NO_COLOR: "1", SLUICE_EXECUTABLE: executable })
    .stdout("inheritPiped").noThrow();
  const { code, stdout } = await child;
  const summary = /^(?:ok|FAILED) \| (\d+) passed.*? \| (\d+) failed(?:.*? \| (\d+) ignored)?/m.exec(stdout);
  // A run that was cut off counts nothing, and may end without a code.
  const [passed, failed, skipped] = summary?.slice(1).map((count) => Number(count ?? 0)) ?? [0, 1, 0];
  return { passed, failed: code === 0 ? failed : Math.max(failed, 1), skipped };
}
