import { equal } from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { findCommand, isExecutable } from "../../src/process/find_command.ts";
import { makeFolder } from "../support/folder.ts";

const SCRIPT = "#!/bin/sh\n";

/** Writes an executable script below a folder. */
function script(root: string, path: string, text: string = SCRIPT): string {
  const file = join(root, path);
  mkdirSync(join(file, ".."), { recursive: true });
  Deno.writeTextFileSync(file, text);
  Deno.chmodSync(file, 0o755);
  return file;
}

Deno.test("findCommand() finds the first of that name on the path", async () => {
  await using folder = await makeFolder();
  const [a, b] = [script(folder.path, "a/tool"), script(folder.path, "b/tool")];
  equal(findCommand("tool", `${folder.path}/a:${folder.path}/b`), a);
  equal(findCommand("tool", `${folder.path}/none:${folder.path}/b:${folder.path}/a`), b);
  equal(findCommand("other", `${folder.path}/a:${folder.path}/b`), undefined);
  equal(findCommand("tool", ""), undefined);
});

Deno.test("findCommand() passes over what can't be executed, and folders", async () => {
  await using folder = await makeFolder();
  const good = script(folder.path, "good/tool");
  mkdirSync(folder.file("folder/tool"), { recursive: true });
  Deno.chmodSync(script(folder.path, "plain/tool"), 0o644);
  mkdirSync(folder.file("dangling"));
  symlinkSync("/no/such/file", folder.file("dangling/tool"));
  const path = ["folder", "plain", "dangling", "good"].map((name) => folder.file(name)).join(":");
  equal(findCommand("tool", path), good);
});

Deno.test("findCommand() ignores relative and empty entries of the path", async () => {
  await using folder = await makeFolder();
  const good = script(folder.path, "good/tool");
  script(folder.path, "tool");
  script(folder.path, "bin/tool");
  const before = Deno.cwd();
  Deno.chdir(folder.path);
  try {
    for (const entry of ["", ".", "bin", "./bin", "../" + folder.path.split("/").at(-1)]) {
      equal(findCommand("tool", entry), undefined, `found by "${entry}"`);
      equal(findCommand("tool", `${entry}:${folder.path}/good`), good);
    }
  } finally {
    Deno.chdir(before);
  }
});

Deno.test("findCommand() takes a path as it is, and gives the real one", async () => {
  await using folder = await makeFolder();
  const tool = script(folder.path, "bin/tool");
  symlinkSync(tool, folder.file("link"));
  equal(findCommand(tool, ""), Deno.realPathSync(tool));
  equal(findCommand(folder.file("link"), ""), Deno.realPathSync(tool));
  equal(findCommand(folder.file("bin/../bin/tool"), ""), Deno.realPathSync(tool));
  equal(findCommand(folder.file("missing"), folder.file("bin")), undefined);
  equal(findCommand(folder.file("bin"), ""), undefined);
});

Deno.test("findCommand() finds nothing by names that are none", () => {
  const path = Deno.env.get("PATH")!;
  for (const name of ["", ".", "..", "no such command", "sh\0", "$(id)", "-c"]) {
    equal(findCommand(name, path), undefined);
  }
});

for (const [manager, where] of [["pyenv", "bin"], ["rbenv", "libexec"], ["nodenv", "bin"]]) {
  Deno.test(`findCommand() looks behind a shim of ${manager}`, async () => {
    await using folder = await makeFolder();
    const real = script(folder.path, "versions/1.0/bin/tool");
    script(folder.path, "shims/tool");
    script(folder.path, `${where}/${manager}`, `#!/bin/sh\n[ "$1 $2" = "which tool" ] && echo '${real}'\n`);
    equal(findCommand("tool", folder.file("shims")), real);
  });
}

Deno.test("findCommand() keeps to a shim whose manager is missing, fails or names what is not there", async () => {
  await using folder = await makeFolder();
  const shim = script(folder.path, "shims/tool");
  equal(findCommand("tool", folder.file("shims")), shim);
  for (const answer of ["exit 1", "echo", "echo /no/such/tool", `echo '${folder.path}'`]) {
    script(folder.path, "bin/pyenv", `#!/bin/sh\n${answer}\n`);
    equal(findCommand("tool", folder.file("shims")), shim, answer);
  }
});

Deno.test("findCommand() gives a shim's name to its manager as one argument", async () => {
  await using folder = await makeFolder();
  const real = script(folder.path, "real tool");
  script(folder.path, "shims/$(id) tool");
  script(folder.path, "bin/pyenv", `#!/bin/sh\n[ "$#" = 2 ] && [ "$2" = '$(id) tool' ] && echo '${real}'\n`);
  equal(findCommand("$(id) tool", folder.file("shims")), real);
});

Deno.test("findCommand() asks a shim's manager once, and again when the shim, the version or the find has changed", async () => {
  await using folder = await makeFolder({ version: "1.0\n" });
  const real = script(folder.path, "versions/1.0/bin/tool");
  const shim = script(folder.path, "shims/tool");
  script(folder.path, "bin/pyenv", `#!/bin/sh\necho asked >> '${folder.file("asked")}'\necho '${real}'\n`);
  const asked = () => Deno.readTextFileSync(folder.file("asked")).trim().split("\n").length;
  for (let i = 0; i < 3; i++) equal(findCommand("tool", folder.file("shims")), real);
  equal(asked(), 1);
  for (const [count, file] of [[2, shim], [3, folder.file("version")]] as const) {
    Deno.utimeSync(file, 1000 * count, 1000 * count);
    for (let i = 0; i < 2; i++) equal(findCommand("tool", folder.file("shims")), real);
    equal(asked(), count);
  }
  Deno.removeSync(real);
  equal(findCommand("tool", folder.file("shims")), shim);
  equal(asked(), 4);
});

Deno.test("isExecutable() is true for files only, that somebody may execute", async () => {
  await using folder = await makeFolder({ script: SCRIPT, text: "text" });
  equal(isExecutable(folder.file("script")), true);
  equal(isExecutable(folder.file("text")), false);
  equal(isExecutable(folder.path), false);
  equal(isExecutable(folder.file("missing")), false);
  equal(isExecutable(folder.file("script/below")), false);
});
