/**
 * Runs all tests. Interpreters that are missing are installed where that is allowed (root, with apt-get); otherwise each
 * language that could not be tested is named. Arguments are handed on to `deno test`.
 */

import $ from "dax";
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
  npm: "npm",
  pebble: "pebble", // an authority for certificates by ACME, and the name server that it is tested with
};

await installMissing();
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

/** Runs `deno test`, and ends with a line that counts. */
async function runTests(cache: string): Promise<number> {
  const args = Deno.args.length > 0 ? Deno.args : ["tests/"];
  const child = $`deno test -A --sanitize-ops --sanitize-resources ${args}`
    .env({ SLUICE_CACHE_DIR: cache, RUST_BACKTRACE: undefined, NO_COLOR: "1" })
    .stdout("inheritPiped").noThrow();
  const { code, stdout } = await child;
  const summary = /^(?:ok|FAILED) \| (\d+) passed.*? \| (\d+) failed(?:.*? \| (\d+) ignored)?/m.exec(stdout);
  const [passed, failed, skipped] = summary?.slice(1).map((count) => Number(count ?? 0)) ?? [0, 1, 0];
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  return summary ? code : code || 1; // a run that was cut off counts nothing, and may end without a code
}
