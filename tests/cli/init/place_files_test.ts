/** Files of a project: all of them, or everything is as it was. */

import { deepEqual, equal, throws } from "node:assert/strict";
import { placeFiles } from "../../../src/cli/init/place_files.ts";
import { makeFolder } from "../../support/folder.ts";
import { contents } from "../../support/new_project.ts";

const files = ["a", "b", "c"].map((name) => ({ name, text: `new ${name}`, mode: 0o644 }));
const written = { a: "new a", b: "new b", c: "new c" };

/** Makes the renaming of a file fail, for as long as it is used. */
function failingRename(fails: (from: string) => boolean): Disposable {
  const real = Deno.renameSync;
  Deno.renameSync = (from, to) => {
    if (fails(String(from))) throw new Error("no");
    real(from, to);
  };
  return { [Symbol.dispose]: () => void (Deno.renameSync = real) };
}

Deno.test("placeFiles() makes a folder that is not there, and one file that can be run", async () => {
  await using folder = await makeFolder();
  placeFiles(folder.file("x"), [...files, { name: "run", text: "#!", mode: 0o755 }], false);
  deepEqual(contents(folder.path), { "x/a": "new a", "x/b": "new b", "x/c": "new c", "x/run": "#!" });
  equal(Deno.statSync(folder.file("x/run")).mode! & 0o777, 0o755);
  equal(Deno.statSync(folder.file("x")).mode! & 0o777, 0o755);
});

Deno.test("placeFiles() leaves nothing of a folder whose last file can't be written", async () => {
  await using folder = await makeFolder();
  throws(
    () => placeFiles(folder.file("x"), [...files, { name: "no/such", text: "", mode: 0o644 }], false),
    Deno.errors.NotFound,
  );
  deepEqual(folder.names(), []);
});

Deno.test("placeFiles() adds to a folder that is there, and brings back what was there when one can't be placed", async () => {
  const old = { a: "old a", c: "old c", mine: "mine" };
  await using folder = await makeFolder(old);
  {
    using _ = failingRename((from) => from.endsWith("/new/c"));
    throws(() => placeFiles(folder.path, files, true), /^Error: no$/);
  }
  deepEqual(contents(folder.path), old);
  placeFiles(folder.path, files, true);
  deepEqual(contents(folder.path), { ...written, mine: "mine" });
});

Deno.test("placeFiles() loses nothing when it can't bring back what was there either", async () => {
  await using folder = await makeFolder({ a: "old a" });
  using _ = failingRename((from) => from.endsWith("/new/c") || from.endsWith("/old/a"));
  throws(() => placeFiles(folder.path, files, true), /nor take it back: no; move back by hand what lies in .*\/old$/);
  const [, kept] = Object.entries(contents(folder.path)).find(([name]) => name.endsWith("/old/a"))!;
  equal(kept, "old a");
});

Deno.test("placeFiles() replaces a link and not what it leads to, and takes no folder away", async () => {
  await using folder = await makeFolder({ target: "mine" });
  Deno.mkdirSync(folder.file("x"));
  Deno.symlinkSync(folder.file("target"), folder.file("x/a"));
  throws(() => placeFiles(folder.file("x"), files, false), /Cannot write a in .*: it is there already/);
  placeFiles(folder.file("x"), files, true);
  deepEqual([Deno.readTextFileSync(folder.file("target")), Deno.lstatSync(folder.file("x/a")).isFile], ["mine", true]);
  Deno.removeSync(folder.file("x/b"));
  Deno.mkdirSync(folder.file("x/b"));
  throws(() => placeFiles(folder.file("x"), files, true), /Cannot write .*\/x\/b: it is a folder; move it away/);
});
