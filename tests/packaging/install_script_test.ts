/** install.sh: what it installs, from where, and that nothing is there which was not got whole. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { bakeInstallScript } from "../../scripts/build/install_script.ts";
import { filesIn } from "../../scripts/build/tree.ts";
import { findCommand } from "../../src/process/find_command.ts";
import { type Folder, makeFolder } from "../support/folder.ts";
import { INSTALL, runInstall, standIn, TARGET, writeRelease } from "../support/release.ts";

const SHELLS = [["sh"], ["bash", "--posix"], ["busybox", "sh"]].filter(([name]) => findCommand(name) !== undefined);
const ARCHIVE = `sluice-1.0.0-${TARGET}.tar.gz`;

/** A home, and a folder with a release beside it. */
interface Place extends Folder {
  readonly home: string;
  readonly base: string;
  /** Paths of all files below the home. */
  files(): string[];
  /** What the sluice there says of its version. */
  version(): Promise<string>;
  /** Runs the script for the target of the stand-ins. */
  install(...args: string[]): ReturnType<typeof runInstall>;
}

async function makePlace(versions = { "1.0.0": standIn("1.0.0") }): Promise<Place> {
  const folder = await makeFolder();
  const [home, base] = [folder.file("a home"), folder.file("a base")];
  await Deno.mkdir(home);
  await writeRelease(base, versions);
  return {
    ...folder,
    home,
    base,
    files: () => filesIn(home).map((path) => path.slice(home.length + 1)),
    install: (...args) => runInstall(home, ["--base", base, "--target", TARGET, ...args]),
    version: async () => {
      const { stdout } = await new Deno.Command(join(home, ".local/bin/sluice")).output();
      return new TextDecoder().decode(stdout).trim();
    },
  };
}

for (const shell of SHELLS) {
  Deno.test(`install.sh installs below ~/.local, in ${shell.join(" ")}`, async () => {
    await using place = await makePlace();
    const { code, stdout, stderr } = await runInstall(place.home, ["--base", place.base, "--target", TARGET], {
      shell,
    });
    equal(code, 0, stderr);
    equal(stdout, "");
    match(stderr, /sluice 1\.0\.0 is installed as .*\/a home\/\.local\/bin\/sluice\n/);
    match(stderr, /\/a home\/\.local\/bin is not on PATH: add it/);
    equal(await place.version(), "1.0.0");
    deepEqual(place.files(), [
      ".local/bin/sluice",
      ".local/share/man/man1/sluice.1",
      ".local/share/sluice/installed",
    ]);
  });
}

Deno.test("install.sh says which other sluice comes first on PATH, and nothing when it is its own", async () => {
  await using place = await makePlace();
  await Deno.mkdir(place.file("other"));
  await Deno.writeTextFile(place.file("other/sluice"), "#!/bin/sh\n", { mode: 0o755 });
  const [own, path] = [join(place.home, ".local/bin"), Deno.env.get("PATH")!];
  const args = ["--base", place.base, "--target", TARGET];
  const first = await runInstall(place.home, args, { env: { PATH: `${own}:${path}` } });
  equal(first.stderr, `install.sh: sluice 1.0.0 is installed as ${own}/sluice\n`);
  const second = await runInstall(place.home, args, { env: { PATH: `${place.file("other")}:${own}:${path}` } });
  match(second.stderr, /but .*\/other\/sluice comes before it on PATH/);
});

Deno.test("install.sh installs to another prefix, which may be relative", async () => {
  await using place = await makePlace();
  equal((await place.install("--prefix", place.file("x y/z"))).code, 0);
  ok(existsSync(place.file("x y/z/bin/sluice")));
  deepEqual(place.files(), []);
});

Deno.test("install.sh takes nothing whose sum is another one", async () => {
  await using place = await makePlace();
  const archive = join(place.base, ARCHIVE);
  const bytes = await Deno.readFile(archive);
  const cut = bytes.subarray(0, bytes.length - 1);
  for (const wrong of [cut, new Uint8Array(), Uint8Array.from([...bytes, 0])]) {
    await Deno.writeFile(archive, wrong);
    const { code, stderr } = await place.install();
    equal(code, 1);
    match(
      stderr,
      /Cannot install sluice-1\.0\.0-\S+: it is broken or was changed, its SHA-256 is [0-9a-f]{64} and not/,
    );
    deepEqual(place.files(), []);
  }
});

Deno.test("install.sh says what is missing", async () => {
  await using place = await makePlace();
  await Deno.remove(join(place.base, ARCHIVE));
  const archive = await place.install();
  deepEqual([archive.code, place.files()], [1, []]);
  match(archive.stderr, /Cannot read .*\/sluice-1\.0\.0-\S+\.tar\.gz: is that the folder of a release\?/);
  await Deno.remove(join(place.base, "SHA256SUMS"));
  const sums = await place.install();
  deepEqual([sums.code, place.files()], [1, []]);
  match(sums.stderr, /Cannot read .*\/SHA256SUMS: /);
});

Deno.test("install.sh takes the version that is named, where there are several", async () => {
  await using place = await makePlace({ "1.0.0": standIn("1.0.0"), "1.1.0-rc.1": standIn("1.1.0-rc.1") } as never);
  const { code, stderr } = await place.install();
  equal(code, 1);
  match(stderr, /There are several versions at .*: name one with --version/);
  equal((await place.install("--version", "1.1.0-rc.1")).code, 0);
  equal(await place.version(), "1.1.0-rc.1");
  const none = await place.install("--version", "1.1.0");
  deepEqual([none.code, await place.version()], [1, "1.1.0-rc.1"]);
  match(none.stderr, /There is no archive of 1\.1\.0 for sparc-test-system at/);
});

Deno.test("install.sh knows the machine that it runs on", async () => {
  await using place = await makePlace();
  const { code, stderr } = await runInstall(place.home, ["--base", place.base]);
  equal(code, 1);
  match(stderr, new RegExp(`There is no archive for ${Deno.build.target} at`));
});

Deno.test("install.sh takes no name from the sums that is not one of an archive", async () => {
  await using place = await makePlace();
  const sum = "0".repeat(64);
  const names = [`sluice-../../x-${TARGET}.tar.gz`, `sluice-1 -${TARGET}.tar.gz`, `sluice-$(touch x)-${TARGET}.tar.gz`];
  await Deno.writeTextFile(join(place.base, "SHA256SUMS"), names.map((name) => `${sum}  ${name}\n`).join(""));
  const { code, stderr } = await place.install();
  equal(code, 1);
  match(stderr, /There is no archive for/);
  deepEqual(place.files(), []);
});

Deno.test("install.sh leaves the old one in place when the new one does not run here", async () => {
  await using place = await makePlace();
  equal((await place.install()).code, 0);
  await writeRelease(place.base, { "2.0.0": standIn("", { "bin/sluice": "#!/bin/sh\nexit 126\n" }) });
  const { code, stderr } = await place.install();
  equal(code, 1);
  match(stderr, /Cannot install sluice-2\.0\.0-\S+: the sluice in it does not run here; is this machine one of /);
  equal(await place.version(), "1.0.0");
});

Deno.test("install.sh replaces a sluice that runs, and removes what any version has left", async () => {
  await using place = await makePlace({ "1.0.0": standIn("1.0.0", { "share/doc/sluice/docs/old": "" }) });
  equal((await place.install()).code, 0);
  const held = await Deno.open(join(place.home, ".local/bin/sluice"));
  await writeRelease(place.base, { "2.0.0": standIn("2.0.0") });
  equal((await place.install()).code, 0);
  match(await new Response(held.readable).text(), /echo 1\.0\.0/);
  equal(await place.version(), "2.0.0");
  await Deno.writeTextFile(join(place.home, ".local/share/man/man1/mine.1"), "mine");
  const { code, stderr } = await runInstall(place.home, ["--uninstall"]);
  deepEqual([code, place.files()], [0, [".local/share/man/man1/mine.1"]]);
  match(stderr, /sluice is removed from/);
  ok(!existsSync(join(place.home, ".local/share/doc/sluice")), "folders that only it had are gone");
});

Deno.test("install.sh --uninstall removes nothing that it has not installed", async () => {
  await using place = await makePlace();
  const none = await runInstall(place.home, ["--uninstall"]);
  equal(none.code, 1);
  match(none.stderr, /There is nothing that this script has installed below/);
  await Deno.writeTextFile(join(place.home, "precious"), "");
  for (const name of ["../precious", "share/../../precious", `${place.home}/precious`, "precious"]) {
    await place.install("--prefix", join(place.home, "p"));
    await Deno.writeTextFile(join(place.home, "p/share/sluice/installed"), `${name}\n`);
    const { code, stderr } = await runInstall(place.home, ["--uninstall", "--prefix", join(place.home, "p")]);
    equal(code, 1, name);
    match(stderr, /Cannot uninstall: .*installed names /);
    ok(existsSync(join(place.home, "precious")), name);
  }
});

Deno.test("install.sh does nothing when it was cut off on its way", async () => {
  await using place = await makePlace();
  const script = await Deno.readTextFile(INSTALL);
  const args = ["--base", place.base, "--target", TARGET];
  const step = Math.ceil(script.length / 24);
  for (let length = 0; length < script.length - 4; length += step) {
    await runInstall(place.home, args, { script: script.slice(0, length) });
    deepEqual(place.files(), [], `after ${length} characters`);
  }
  equal((await runInstall(place.home, args, { script })).code, 0);
});

Deno.test("install.sh of a release knows its version, and where it is from", async () => {
  await using place = await makePlace({ "1.0.0": standIn("1.0.0"), "2.0.0": standIn("2.0.0") } as never);
  const plain = await Deno.readTextFile(INSTALL);
  const script = bakeInstallScript(plain, "2.0.0");
  equal((await runInstall(place.home, ["--base", place.base, "--target", TARGET], { script })).code, 0);
  equal(await place.version(), "2.0.0");
  const baked = bakeInstallScript(plain, "2.0.0", "https://sluice.invalid/releases");
  const { code, stderr } = await runInstall(place.home, [], { script: baked });
  equal(code, 1);
  match(stderr, /Cannot get https:\/\/sluice\.invalid\/releases\/SHA256SUMS/);
});

Deno.test("install.sh says what is wrong with its options", async () => {
  await using place = await makePlace();
  const wrong: [args: string[], says: RegExp][] = [
    [[], /Name where the archives are: --base/],
    [["--bas", "x"], /There is no option --bas/],
    [["--base"], /--base needs a value/],
    [["--base", "ftp://127.0.0.1/"], /it is neither an https URL nor a folder/],
    [["--base", place.base, "--version", "1.0;x"], /A version and a target have letters/],
  ];
  for (const [args, says] of wrong) {
    const { code, stderr } = await runInstall(place.home, args);
    equal(code, 2, args.join(" "));
    match(stderr, says);
  }
  const nowhere = await runInstall("", ["--base", place.base]);
  equal(nowhere.code, 2);
  match(nowhere.stderr, /HOME is not set: name a folder with --prefix/);
  match((await runInstall(place.home, ["--help"])).stdout, /^Usage: sh install\.sh/);
});
