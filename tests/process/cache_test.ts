import { equal, match, notEqual, throws } from "node:assert/strict";
import { dirname, join } from "node:path";
import { cacheDirectory, hash, materialize, privateFolder } from "../../src/process/cache.ts";
import { makeFolder } from "../support/folder.ts";
import { withVariables } from "../support/variables.ts";

/** Someone else's user id. */
const NOBODY = 65534;

Deno.test("cacheDirectory() is the one that was named, else the user's, else one below the temporary folder", () => {
  const cases: [Record<string, string | undefined>, string][] = [
    [{ SLUICE_CACHE_DIR: "/own", XDG_CACHE_HOME: "/xdg", HOME: "/home/x" }, "/own"],
    [{ SLUICE_CACHE_DIR: undefined, XDG_CACHE_HOME: "/xdg", HOME: "/home/x" }, "/xdg/sluice"],
    [{ SLUICE_CACHE_DIR: "", XDG_CACHE_HOME: "", HOME: "/home/x" }, "/home/x/.cache/sluice"],
    [
      { SLUICE_CACHE_DIR: undefined, XDG_CACHE_HOME: undefined, HOME: undefined, TMPDIR: "/t" },
      `/t/sluice-${Deno.uid()}`,
    ],
  ];
  for (const [variables, expected] of cases) {
    using _variables = withVariables(variables);
    equal(cacheDirectory(), expected);
  }
});

Deno.test("hash() keeps its parts apart, and tells bytes from their absence", () => {
  equal(hash("a", "b"), hash("a", "b"));
  notEqual(hash("ab", "c"), hash("a", "bc"));
  notEqual(hash("a"), hash("a", ""));
  notEqual(hash("1:a"), hash("a"));
  notEqual(hash("x", new Uint8Array([0])), hash("x", new Uint8Array([])));
  match(hash("x"), /^[0-9a-f]{32}$/);
});

Deno.test("privateFolder() makes a folder that only its user can enter", async () => {
  await using folder = await makeFolder();
  using _variables = withVariables({ SLUICE_CACHE_DIR: join(folder.path, "a", "b") });
  equal(privateFolder("kind"), join(folder.path, "a", "b", "kind"));
  for (const path of [join(folder.path, "a", "b"), privateFolder("kind")]) {
    equal(Deno.statSync(path).mode! & 0o777, 0o700);
  }
});

for (const mode of [0o777, 0o707, 0o770, 0o720, 0o702, 0o1777]) {
  Deno.test(`privateFolder() refuses a cache folder of mode ${mode.toString(8)}, and one in it`, async () => {
    await using folder = await makeFolder();
    using _variables = withVariables({ SLUICE_CACHE_DIR: folder.path });
    const kind = privateFolder("kind");
    for (const path of [folder.path, kind]) {
      Deno.chmodSync(path, mode);
      throws(() => privateFolder("kind"), { message: /^Cannot use the cache folder .+: others can write to it/ });
      Deno.chmodSync(path, 0o700);
    }
    equal(privateFolder("kind"), kind);
  });
}

if (Deno.uid() === 0) {
  Deno.test("privateFolder() refuses a cache folder of another user, and one in it", async () => {
    await using folder = await makeFolder();
    using _variables = withVariables({ SLUICE_CACHE_DIR: folder.path });
    const kind = privateFolder("kind");
    for (const path of [folder.path, kind]) {
      Deno.chownSync(path, NOBODY, NOBODY);
      throws(() => privateFolder("kind"), { message: /^Cannot use the cache folder / });
      Deno.chownSync(path, 0, 0);
    }
    equal(privateFolder("kind"), kind);
  });
} else {
  console.log("not tested: a cache folder of another user, because only root can make one");
}

Deno.test("privateFolder() says what to do when it can't make the folder", async () => {
  await using folder = await makeFolder({ file: "" });
  using _variables = withVariables({ SLUICE_CACHE_DIR: folder.file("file") });
  throws(() => privateFolder("kind"), { message: /set SLUICE_CACHE_DIR/ });
});

Deno.test("materialize() writes a text once, under its own name, readable only by its user", async () => {
  await using folder = await makeFolder();
  using _variables = withVariables({ SLUICE_CACHE_DIR: folder.path });
  const file = materialize("kind", "name.py", "print('ü')\n");
  match(file, /\/kind\/[0-9a-f]{32}\/name\.py$/);
  equal(Deno.readTextFileSync(file), "print('ü')\n");
  equal(Deno.statSync(file).mode! & 0o777, 0o600);
  const { ino } = Deno.statSync(file);
  equal(materialize("kind", "name.py", "print('ü')\n"), file);
  equal(Deno.statSync(file).ino, ino);
  equal([...Deno.readDirSync(dirname(file))].length, 1);
});

Deno.test("materialize() gives another text, name or kind another place", async () => {
  await using folder = await makeFolder();
  using _variables = withVariables({ SLUICE_CACHE_DIR: folder.path });
  const files = [
    materialize("kind", "a", "1"),
    materialize("kind", "a", "2"),
    materialize("kind", "b", "1"),
    materialize("other", "a", "1"),
  ];
  equal(new Set(files).size, 4);
});

Deno.test("materialize() writes a file anew that was changed or lost", async () => {
  await using folder = await makeFolder();
  using _variables = withVariables({ SLUICE_CACHE_DIR: folder.path });
  const file = materialize("kind", "name", "text");
  Deno.writeTextFileSync(file, "changed");
  equal(materialize("kind", "name", "text"), file);
  equal(Deno.readTextFileSync(file), "text");
  Deno.removeSync(dirname(file), { recursive: true });
  equal(materialize("kind", "name", "text"), file);
  equal(Deno.readTextFileSync(file), "text");
});

Deno.test("materialize() replaces a link by a file, and does not write through it", async () => {
  await using folder = await makeFolder({ victim: "untouched" });
  using _variables = withVariables({ SLUICE_CACHE_DIR: folder.path });
  const file = materialize("kind", "name", "text");
  Deno.removeSync(file);
  Deno.symlinkSync(folder.file("victim"), file);
  materialize("kind", "name", "text");
  equal(Deno.readTextFileSync(folder.file("victim")), "untouched");
  equal(Deno.lstatSync(file).isSymlink, false);
});
