import { deepEqual, equal, match, notEqual, ok, rejects, throws } from "node:assert/strict";
import { basename, extname } from "node:path";
import { fileURLToPath } from "node:url";
import { ProgramError } from "../../src/errors.ts";
import { type Command, type CommandOptions, resolveCommand } from "../../src/process/command.ts";
import { findCommand } from "../../src/process/find_command.ts";
import type { Language } from "../../src/process/language.ts";
import { Languages } from "../../src/process/languages.ts";
import { makeFolder } from "../support/folder.ts";
import { withVariables } from "../support/variables.ts";

const sh = findCommand("sh")!;

/** A language whose arguments show what became of each placeholder; its interpreter is a shell, which is everywhere. */
const shown: Language = {
  name: "shown",
  extensions: [".shown"],
  interpreters: ["no-such-shell", "sh"],
  run: ["{interpreter}", "runner={runner}", "{file}", "{stem}"],
  direct: ["{interpreter}", "direct", "{file}"],
  runner: "python.py",
};
const plain: Language = {
  name: "plain",
  extensions: [".plain"],
  interpreters: ["sh"],
  run: ["{interpreter}", "{file}"],
};
const missing: Language = {
  name: "missing",
  extensions: [".missing"],
  interpreters: ["no-such-interpreter"],
  run: ["{interpreter}", "{file}"],
  install: "some-package",
};
const languages = new Languages([shown, plain, missing]);

const resolveWith = (options: CommandOptions): Command => resolveCommand(options, languages);

Deno.test("resolveCommand() wants exactly one of file, code and command", () => {
  throws(() => resolveWith({}), { name: "TypeError", message: /give one of file, code, command; given are none/ });
  const two: CommandOptions[] = [
    { file: "x", code: "y" },
    { file: "x", command: ["y"] },
    { code: "x", command: ["y"] },
    { code: "", file: "" },
    { file: "x", code: "y", command: ["z"] },
  ];
  for (const options of two) {
    throws(() => resolveWith(options), {
      name: "TypeError",
      message: new RegExp(Object.keys(options).sort().join("|")),
    });
  }
});

Deno.test("resolveCommand() runs a file by its language's runner, its own arguments behind and untouched", async () => {
  await using folder = await makeFolder({ "{out} $(id).shown": "" });
  const file = folder.file("{out} $(id).shown");
  const args = ["{file}", "{runner}", "", "-x", "a b"];
  const command = resolveWith({ file, args });
  deepEqual([command.language, command.mode, command.title], ["shown", "service", file]);
  const [interpreter, runner, ...rest] = await command.argv(false);
  equal(interpreter, sh);
  match(runner, /^runner=\/.*\/python\.py$/);
  deepEqual(rest, [file, "{out} $(id)", ...args]);
  deepEqual(await command.argv(true), await command.argv(false));
});

Deno.test("resolveCommand() leaves the runner away in the other modes", async () => {
  await using folder = await makeFolder({ "x.shown": "", "x.plain": "" });
  for (const mode of ["plain", "cgi"] as const) {
    const command = resolveWith({ file: folder.file("x.shown"), mode });
    equal(command.mode, mode);
    deepEqual(await command.argv(false), [sh, "direct", folder.file("x.shown")]);
  }
  const command = resolveWith({ file: folder.file("x.plain") });
  deepEqual([command.mode, await command.argv(false)], ["plain", [sh, folder.file("x.plain")]]);
});

Deno.test("resolveCommand() takes the language that was named rather than the extension's", async () => {
  await using folder = await makeFolder({ "x.plain": "", "noext": "" });
  equal(resolveWith({ file: folder.file("x.plain"), language: "shown" }).language, "shown");
  equal(resolveWith({ file: folder.file("noext"), language: "plain" }).language, "plain");
  throws(() => resolveWith({ file: folder.file("x.plain"), language: "cobol" }), {
    name: "TypeError",
    message: /Unknown language "cobol"/,
  });
  throws(() => resolveWith({ file: folder.file("noext") }), { name: "TypeError", message: /Cannot tell the language/ });
});

Deno.test("resolveCommand() makes a relative path absolute", async () => {
  await using folder = await makeFolder({ "x.plain": "" });
  const before = Deno.cwd();
  Deno.chdir(folder.path);
  try {
    deepEqual(await resolveWith({ file: "x.plain" }).argv(false), [sh, Deno.realPathSync(folder.path) + "/x.plain"]);
  } finally {
    Deno.chdir(before);
  }
});

Deno.test("resolveCommand() runs an executable as itself", async () => {
  await using folder = await makeFolder({ tool: "#!/bin/sh\n" });
  const command = resolveWith({ file: folder.file("tool"), args: ["a"] });
  deepEqual([command.language, command.mode], ["executable", "plain"]);
  deepEqual(await command.argv(false), [folder.file("tool"), "a"]);
});

Deno.test("resolveCommand() finds a command on the path", async () => {
  const command = resolveWith({ command: ["sh", "-c", "{file} $(id)"], args: ["more"] });
  deepEqual([command.language, command.mode, command.title], [undefined, "plain", "sh"]);
  deepEqual(await command.argv(false), [sh, "-c", "{file} $(id)", "more"]);
  equal(resolveWith({ command: ["sh"], mode: "cgi" }).mode, "cgi");
});

Deno.test("resolveCommand() refuses a command that is not there, or none", () => {
  for (const command of [["no-such-command"], ["/no/such/command"], [""], []]) {
    throws(() => resolveWith({ command }), { name: "NotFound", message: /^Cannot run .*: it is not on PATH/ });
  }
});

Deno.test("resolveCommand() refuses service mode where there is no runner", async () => {
  await using folder = await makeFolder({ "x.plain": "" });
  const options: CommandOptions[] = [{ command: ["sh"], mode: "service" }, {
    file: folder.file("x.plain"),
    mode: "service",
  }];
  for (const wrong of options) throws(() => resolveWith(wrong), { name: "TypeError", message: /in service mode/ });
});

Deno.test("resolveCommand() refuses a file that is not there", async () => {
  await using folder = await makeFolder({ "file.plain": "" });
  for (const file of [folder.file("missing.plain"), folder.file("missing")]) {
    for (const language of ["plain", undefined]) {
      throws(() => resolveWith({ file, language }), { name: "NotFound", message: `No such file: ${file}` });
    }
  }
  throws(() => resolveWith({ file: folder.file("file.plain/below.plain") }), Error);
});

Deno.test("resolveCommand() refuses what is no file", () => {
  for (const file of ["/dev/null", ""]) {
    throws(() => resolveWith({ file, language: "plain" }), {
      name: "TypeError",
      message: `Cannot run ${file}: it is not a file`,
    });
  }
});

Deno.test("resolveCommand() takes a folder for the main file of its package.json, else for its index.js", async () => {
  await using folder = await makeFolder({
    "index.js": "",
    "other.plain": "",
    "package.json": '{"main": "other.plain"}',
  });
  deepEqual(await resolveWith({ file: folder.path }).argv(false), [sh, folder.file("other.plain")]);
  Deno.writeTextFileSync(folder.file("package.json"), "{}");
  equal(resolveWith({ file: folder.path }).language, "javascript");
  Deno.writeTextFileSync(folder.file("package.json"), "not json");
  throws(() => resolveWith({ file: folder.path }), { name: "TypeError", message: /package\.json is not valid JSON/ });
  Deno.removeSync(folder.file("package.json"));
  Deno.removeSync(folder.file("index.js"));
  throws(() => resolveWith({ file: folder.path }), { name: "NotFound", message: /index\.js/ });
});

Deno.test("resolveCommand() says what to install when the interpreter is missing", async () => {
  await using folder = await makeFolder({ "x.missing": "" });
  throws(() => resolveWith({ file: folder.file("x.missing") }), {
    name: "TypeError",
    message: "Cannot run missing: no-such-interpreter is not installed; install it: apt-get install some-package",
  });
});

Deno.test("resolveCommand() keeps code in the cache, as a file of its language", async () => {
  await using folder = await makeFolder();
  using _variables = withVariables({ SLUICE_CACHE_DIR: folder.path });
  const code = "echo '$(id) {file}'\n";
  const command = resolveWith({ code, language: "plain" });
  equal(command.title, "plain code");
  const [, file] = await command.argv(false);
  deepEqual([extname(file), Deno.readTextFileSync(file)], [".plain", code]);
  deepEqual(await resolveWith({ code, language: "plain" }).argv(false), await command.argv(false));
  notEqual((await resolveWith({ code: code + "\n", language: "plain" }).argv(false))[1], file);
  throws(() => resolveWith({ code }), { name: "TypeError", message: /give language/ });
});

Deno.test("resolveCommand() sends a function as its own text", async () => {
  await using folder = await makeFolder();
  using _variables = withVariables({ SLUICE_CACHE_DIR: folder.path });
  const command = resolveWith({ code: (service: { res: { end(text: string): void } }) => service.res.end("hi") });
  deepEqual([command.language, command.mode], ["javascript", "service"]);
  const file = (await command.argv(false)).at(-1)!;
  equal(extname(file), ".cjs");
  match(Deno.readTextFileSync(file), /^module\.exports = \(service\) *=> *service\.res\.end\("hi"\);?\n$/);
});

Deno.test("resolveCommand() builds a compiled program once, again when asked to, and after a failure", async () => {
  await using folder = await makeFolder({ "x.built": "good", "compiler": "" });
  using _variables = withVariables({ SLUICE_CACHE_DIR: folder.file("cache") });
  const compiler = folder.file("compiler");
  Deno.writeTextFileSync(compiler, `#!/bin/sh\n[ "$1" = --version ] && exit\ngrep -q good "$1" && cp "$1" "$2"\n`);
  Deno.chmodSync(compiler, 0o755);
  const built: Language = {
    name: "built",
    extensions: [".built"],
    interpreters: [compiler],
    build: ["{interpreter}", "{file}", "{out}"],
    run: ["{out}", "{dir}", "{stem}"],
  };
  const file = folder.file("x.built");
  const command = resolveCommand({ file, args: ["a"] }, new Languages([built]));
  const first = await command.argv(false);
  deepEqual([basename(first[0]), first[0].startsWith(first[1]), ...first.slice(2)], ["out", true, "x", "a"]);
  equal(Deno.readTextFileSync(first[0]), "good");

  Deno.writeTextFileSync(file, "good too");
  deepEqual(await command.argv(false), first);
  const second = await command.argv(true);
  notEqual(second[0], first[0]);
  deepEqual(await command.argv(false), second);

  Deno.writeTextFileSync(file, "bad");
  await rejects(command.argv(true), (error: unknown) => error instanceof ProgramError && error.code === "build");
  Deno.writeTextFileSync(file, "good again");
  equal(Deno.readTextFileSync((await command.argv(false))[0]), "good again");
});

Deno.test("resolveCommand() tells a built script's runner where its source is", async () => {
  await using folder = await makeFolder({ "x.shown": "" });
  const built = { ...shown, build: ["{interpreter}", "{file}", "{out}"] };
  const file = folder.file("x.shown");
  deepEqual(resolveCommand({ file }, new Languages([built])).env, { SLUICE_SOURCE: file });
  deepEqual(resolveCommand({ file, mode: "plain" }, new Languages([built])).env, {});
  deepEqual(resolveWith({ file }).env, {});
});

const NOBODY = 65534;
const worker = fileURLToPath(new URL("../support/resolve_worker.ts", import.meta.url));
// Root reads everything, so that another user has to be asked.
const other = { cwd: "/", ...Deno.uid() === 0 ? { uid: NOBODY, gid: NOBODY } : {} };
const canAsk = new Deno.Command("test", { args: ["-r", worker], ...other }).outputSync().success;
if (!canAsk) {
  console.log("not tested: an unreadable file, because root reads everything and nobody cannot read the tests");
}
if (canAsk) {
  Deno.test("resolveCommand() refuses a file that can't be read", async () => {
    await using folder = await makeFolder({ "x.py": "" });
    await using home = await makeFolder();
    Deno.chmodSync(folder.path, 0o755);
    Deno.chmodSync(folder.file("x.py"), 0o200);
    if (Deno.uid() === 0) Deno.chownSync(home.path, NOBODY, NOBODY);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--no-config", "--no-lock", worker, folder.file("x.py")],
      env: { HOME: home.path, DENO_DIR: home.path, SLUICE_CACHE_DIR: home.path },
      ...other,
    }).output();
    const [output, complaints] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    ok(output, complaints);
    deepEqual(JSON.parse(output), {
      name: "PermissionDenied",
      message: `Cannot read ${folder.file("x.py")}: permission denied`,
    });
  });
}
