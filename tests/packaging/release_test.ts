/** What a release says of itself, and the bytes that it is made of. */

import { deepEqual, equal, match, throws } from "node:assert/strict";
import { existsSync } from "node:fs";
import { archiveName, packFolder, sumsOf } from "../../scripts/build/archives.ts";
import { changelogSection } from "../../scripts/build/changelog.ts";
import { bakeInstallScript } from "../../scripts/build/install_script.ts";
import { releaseDate } from "../../scripts/build/release_date.ts";
import metadata from "../../deno.json" with { type: "json" };
import { makeFolder } from "../support/folder.ts";
import { write } from "../../scripts/build/tree.ts";

const CHANGELOG = `# Changelog

## [1.1.0] - unreleased

### Added

- More.

## [1.0.0] - 2026-01-31

First.

## 0.9.0

## [0.8.0] - 2025-12-01

Before.

[1.0.0]: compare
`;

Deno.test("changelogSection() finds what is said of a version", () => {
  equal(changelogSection(CHANGELOG, "1.1.0"), "### Added\n\n- More.");
  equal(changelogSection(CHANGELOG, "1.0.0"), "First.");
  equal(changelogSection(CHANGELOG, "0.8.0"), "Before.");
});

Deno.test("changelogSection() says what is missing, and never takes another version's", () => {
  throws(
    () => changelogSection(CHANGELOG, "1.1"),
    /^Error: Cannot release 1\.1: CHANGELOG\.md has 1\.1\.0, 1\.0\.0, 0\.9\.0, 0\.8\.0; write a heading "## \[1\.1\] - DATE"/,
  );
  throws(() => changelogSection(CHANGELOG, "0.9.0"), /says nothing below its heading/);
  throws(() => changelogSection("", "1.0.0"), /CHANGELOG\.md has no version/);
});

Deno.test("CHANGELOG.md has a section for the version of deno.json", async () => {
  const changelog = await Deno.readTextFile(new URL("../../CHANGELOG.md", import.meta.url));
  match(changelogSection(changelog, metadata.version), /\S/);
});

Deno.test("packFolder() makes the same bytes of the same files, whoever has them and since when", async () => {
  await using folder = await makeFolder();
  const sums: string[] = [];
  for (const [out, mode] of [["one", 0o700], ["two", 0o755]] as const) {
    const tree = folder.file(`tree-${out}`);
    await write(`${tree}/bin/x`, "#!/bin/sh\n", mode);
    await write(`${tree}/a`, "a", mode & 0o644);
    await Deno.utime(`${tree}/a`, mode, mode);
    await Deno.mkdir(folder.file(out));
    sums.push(
      await sumsOf([await packFolder(tree, archiveName("1.0.0", "t"), folder.file(out), new Date(86_400_000))]),
    );
  }
  equal(sums[0], sums[1]);
  match(sums[0], /^[0-9a-f]{64} {2}sluice-1\.0\.0-t\.tar\.gz\n$/);
  const list = ["-tzvf", folder.file("one/sluice-1.0.0-t.tar.gz"), "--numeric-owner"];
  const { stdout } = await new Deno.Command("tar", { args: list, env: { TZ: "UTC" } }).output();
  deepEqual(new TextDecoder().decode(stdout).trim().split("\n").map((line) => line.replace(/ +/g, " ")), [
    "-rw-r--r-- 0/0 1 1970-01-02 00:00 sluice-1.0.0-t/a",
    "-rwxr-xr-x 0/0 10 1970-01-02 00:00 sluice-1.0.0-t/bin/x",
  ]);
});

Deno.test("sumsOf() writes what sha256sum checks", async () => {
  await using folder = await makeFolder({ b: "b", a: "a" });
  await Deno.writeTextFile(folder.file("SHA256SUMS"), await sumsOf([folder.file("b"), folder.file("a")]));
  const check = { args: ["--check", "SHA256SUMS"], cwd: folder.path };
  const { stdout } = await new Deno.Command("sha256sum", check).output();
  equal(new TextDecoder().decode(stdout), "a: OK\nb: OK\n");
});

Deno.test("bakeInstallScript() refuses a place that the script would refuse, or a shell would take apart", () => {
  const script = "#!/bin/sh\nBASE=''\nVERSION=''\n";
  equal(
    bakeInstallScript(script, "1.0.0", "https://a.example/b"),
    "#!/bin/sh\nBASE='https://a.example/b'\nVERSION='1.0.0'\n",
  );
  for (const wrong of ["http://a.example", "https://a.example/'; rm x; '", "https://u@a.example/", "/folder", "x"]) {
    throws(() => bakeInstallScript(script, "1.0.0", wrong), /^TypeError: Cannot install from /);
  }
  throws(() => bakeInstallScript("#!/bin/sh\n", "1.0.0"), /it has no line VERSION=''/);
});

Deno.test("releaseDate() is that of the last commit, where no packager sets one", async () => {
  const root = new URL("../../", import.meta.url).pathname;
  const before = Deno.env.get("SOURCE_DATE_EPOCH");
  try {
    Deno.env.set("SOURCE_DATE_EPOCH", "86400");
    equal((await releaseDate(root)).getTime(), 86_400_000);
    Deno.env.set("SOURCE_DATE_EPOCH", "yesterday");
    await releaseDate(root).then(
      () => equal(true, false),
      ({ message }) => match(message, /SOURCE_DATE_EPOCH is "yest/),
    );
    Deno.env.delete("SOURCE_DATE_EPOCH");
    if (existsSync(`${root}.git`)) equal((await releaseDate(root)).getMilliseconds(), 0);
  } finally {
    if (before === undefined) Deno.env.delete("SOURCE_DATE_EPOCH");
    else Deno.env.set("SOURCE_DATE_EPOCH", before);
  }
});
