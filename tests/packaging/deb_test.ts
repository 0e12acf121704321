/** The Debian package: what is in it, that it runs from where it is unpacked, and that the same sources give the same. */

import { equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import metadata from "../../deno.json" with { type: "json" };
import { sumsOf } from "../../scripts/build/archives.ts";
import { buildDeb, debianVersion } from "../../scripts/build/deb.ts";
import { debianChangelog, debianCopyright } from "../../scripts/build/deb_documents.ts";
import { targetNamed } from "../../scripts/build/targets.ts";
import { filesIn, serviceNames, write } from "../../scripts/build/tree.ts";
import { testExecutable } from "../support/executable.ts";
import { makeFolder } from "../support/folder.ts";

const MAINTAINER = "A Tester <tester@localhost>";
const DATE = new Date("2026-01-31T12:00:00Z");

Deno.test("debianVersion() orders versions as Debian does", () => {
  equal(debianVersion("1.2.0"), "1.2.0-1");
  equal(debianVersion("1.2.0-rc.1"), "1.2.0~rc.1-1");
  equal(debianVersion("1.2.0+build.5"), "1.2.0-1");
});

Deno.test("the documents of the package have Debian's form", async () => {
  match(
    debianChangelog("1.0.0-1", DATE, MAINTAINER),
    /^sluice \(1\.0\.0-1\) unstable; urgency=medium\n\n {2}\* .+\n\n -- A Tester <tester@localhost> {2}Sat, 31 Jan 2026 12:00:00 \+0000\n$/,
  );
  const copyright = debianCopyright(await Deno.readTextFile(new URL("../../LICENSE", import.meta.url)));
  match(copyright, /^Files: \*\nCopyright: \d{4} The Sluice authors\nLicense: Expat$/m);
  ok(copyright.split("\n").every((line) => line === "" || /^( |[A-Z][A-Za-z-]+:)/.test(line)), copyright);
});

testExecutable(
  "the package is the same each time, holds the program, its services and settings, and runs from there",
  async () => {
    await using folder = await makeFolder();
    const file = await build(folder.file("one"), folder.file("shared"));
    equal(
      file,
      folder.file(
        `one/sluice_${debianVersion(metadata.version)}_${await output(["dpkg", "--print-architecture"])}.deb`,
      ),
    );
    const again = await build(folder.file("two"), folder.file("shared two"));
    equal(await sumsOf([file]), await sumsOf([again]));
    const root = folder.file("root");
    await output(["dpkg-deb", "--raw-extract", file, root]);

    const names = filesIn(root).map((path) => path.slice(root.length + 1));
    for (const name of serviceNames()) ok(names.includes(`lib/systemd/system/${name}`), name);
    for (const name of ["man/man1/sluice.1.gz", "doc/sluice/copyright", "doc/sluice/changelog.Debian.gz"]) {
      ok(names.includes(`usr/share/${name}`), name);
    }
    const settings = names.filter((name) => name.startsWith("etc/")).map((name) => `/${name}\n`).join("");
    equal(await Deno.readTextFile(join(root, "DEBIAN/conffiles")), settings);
    await output(["sh", "-c", 'cd "$1" && md5sum --quiet --check DEBIAN/md5sums', "sh", root]);
    for (const script of ["postinst", "prerm", "postrm"]) await output(["sh", "-n", join(root, "DEBIAN", script)]);
    match(
      await output(["dpkg-deb", "--contents", file]),
      /^-rwxr-xr-x root\/root +\d+ 2026-01-31 12:00 \.\/usr\/bin\/sluice$/m,
    );

    // As it is installed, but for the folder: what it starts stands in its script by whole paths.
    const start = await Deno.readTextFile(join(root, "usr/bin/sluice"));
    await write(
      folder.file("sluice"),
      start.replace(/\/usr\/lib\/sluice\/[a-z.]+/g, (path) => `'${root}${path}'`),
      0o755,
    );
    const home = folder.file("home");
    await Deno.mkdir(home);
    const env = { HOME: home, PATH: "/usr/bin:/bin" };
    equal(await output([folder.file("sluice"), "--version"], env), metadata.version);
    const variables = await output([folder.file("sluice"), "serve", "--once", "env"], env);
    match(variables, /^REQUEST_ID=/m);
    equal(/^HOME=(.*)$/m.exec(variables)?.[1], home);
    ok(!/^(DENO_DIR|DENO_NO_UPDATE_CHECK|SLUICE_LAUNCHER\w*)=/m.test(variables), variables);
  },
  ["dpkg-deb", "gzip"],
);

/** Builds one with a manual page, and no more than policy asks for around it. */
async function build(output: string, shared: string): Promise<string> {
  await Deno.mkdir(output);
  const documents = join(shared, "share/doc/sluice");
  const licence = await Deno.readTextFile(new URL("../../LICENSE", import.meta.url));
  await write(join(documents, "LICENSE"), licence);
  await write(join(documents, "CHANGELOG.md"), "# Changelog\n");
  await write(join(shared, "share/man/man1/sluice.1"), ".TH SLUICE 1\n");
  const target = targetNamed(Deno.build.target);
  return await buildDeb({
    ...{ target, date: DATE, shared, output },
    ...{ version: metadata.version, maintainer: MAINTAINER, compression: "none" },
  });
}

/** What a command prints, when it succeeds. */
async function output([command, ...args]: readonly string[], env?: Record<string, string>): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args,
    env,
    clearEnv: env !== undefined,
    stdin: "null",
  }).output();
  ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}
