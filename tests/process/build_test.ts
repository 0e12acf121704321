/** Builds, with a compiler that counts and waits to be let go, and with that of C. */

import { deepEqual, equal, match, notEqual, ok, rejects } from "node:assert/strict";
import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { ProgramError } from "../../src/errors.ts";
import { limits } from "../../src/limits.ts";
import { build, type Built, expand, stem } from "../../src/process/build.ts";
import type { Language } from "../../src/process/language.ts";
import { findInterpreter, Languages } from "../../src/process/languages.ts";
import { type Folder, makeFolder } from "../support/folder.ts";
import { withVariables } from "../support/variables.ts";
import { until, within } from "../support/within.ts";

const language: Language = {
  name: "fake",
  extensions: [".fake"],
  interpreters: ["fakec"],
  build: ["{interpreter}", "{file}", "{out}", "{copy}"],
  run: ["{out}"],
};

/** A source, a compiler and a cache of their own. */
interface Workshop extends AsyncDisposable {
  readonly folder: Folder;
  readonly source: string;
  readonly compiler: string;
  /** How many times the compiler has begun its work. */
  compiled(): number;
  /** Keeps the compiler waiting until `release`. */
  hold(): void;
  release(): void;
  write(text: string): void;
  build(): Promise<Built>;
}

/** The compiler makes a script of its source, unless the source says `error`. */
async function makeWorkshop(): Promise<Workshop> {
  const folder = await makeFolder({ "a $(id).fake": "echo one\n" });
  const [source, compiler, counter, gate] = ["a $(id).fake", "fakec", "counter", "gate"].map(folder.file);
  Deno.writeTextFileSync(
    compiler,
    `#!/bin/sh
if [ "$1" = --version ]; then echo fake 1.0; exit; fi
echo begun >>'${counter}'
while [ -e '${gate}' ]; do sleep 0.01; done
if grep -q error "$1"; then echo "$1: error in line 1" >&2; echo "so it is"; exit 3; fi
{ echo '#!/bin/sh'; cat "$1"; } >"$2" && chmod +x "$2"
`,
    { mode: 0o755 },
  );
  const variables = withVariables({ SLUICE_CACHE_DIR: folder.file("cache") });
  return {
    folder,
    source,
    compiler,
    compiled: () => read(counter).split("\n").length - 1,
    hold: () => Deno.writeTextFileSync(gate, ""),
    release: () => Deno.removeSync(gate),
    write: (text) => Deno.writeTextFileSync(source, text),
    build: () => build(language, compiler, source),
    [Symbol.asyncDispose]: async () => {
      variables[Symbol.dispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

function read(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch {
    return ""; // nothing was compiled yet
  }
}

async function output(program: string): Promise<string> {
  return new TextDecoder().decode((await new Deno.Command(program).output()).stdout);
}

/** Builds in another process. */
function worker({ compiler, source }: Workshop): Deno.ChildProcess {
  const script = fileURLToPath(new URL("../support/build_worker.ts", import.meta.url));
  const args = ["run", "-A", "--quiet", script, JSON.stringify(language), compiler, source];
  return new Deno.Command(Deno.execPath(), { args, stdin: "null", stdout: "piped", stderr: "inherit" }).spawn();
}

/** True when a process waits for a lock on a file. */
function waitsForLock({ pid }: Deno.ChildProcess): boolean {
  return new RegExp(`-> FLOCK .* ${pid} `).test(Deno.readTextFileSync("/proc/locks"));
}

Deno.test("build() compiles a source once, and finds it afterwards", async () => {
  await using workshop = await makeWorkshop();
  const first = await workshop.build();
  equal(await output(first.out), "one\n");
  equal(first.directory, dirname(first.out));
  deepEqual(await workshop.build(), first);
  equal(workshop.compiled(), 1);
});

Deno.test("build() compiles again when the source has changed, and not when it is what it was before", async () => {
  await using workshop = await makeWorkshop();
  const first = await workshop.build();
  workshop.write("echo two\n");
  const second = await workshop.build();
  notEqual(second.out, first.out);
  equal(await output(second.out), "two\n");
  workshop.write("echo one\n");
  deepEqual(await workshop.build(), first);
  equal(await output(first.out), "one\n");
  equal(workshop.compiled(), 2);
});

Deno.test("build() compiles again for other arguments, another compiler or another file", async () => {
  await using workshop = await makeWorkshop();
  const { folder, compiler, source } = workshop;
  Deno.copyFileSync(compiler, folder.file("fakec2"));
  Deno.copyFileSync(source, folder.file("b.fake"));
  const built = [
    await workshop.build(),
    await build({ ...language, build: [...language.build!, "-O2"] }, compiler, source),
    await build(language, folder.file("fakec2"), source),
    await build(language, compiler, folder.file("b.fake")),
    await build({ ...language, name: "other" }, compiler, source),
  ];
  equal(new Set(built.map(({ out }) => out)).size, 5);
});

Deno.test("build() called eight times at once compiles once", async () => {
  await using workshop = await makeWorkshop();
  workshop.hold();
  const builds = Array.from({ length: 8 }, workshop.build);
  await until("the compiler is at work", () => workshop.compiled() > 0);
  builds.push(workshop.build());
  workshop.release();
  const all = await Promise.all(builds);
  equal(new Set(all.map(({ out }) => out)).size, 1);
  equal(workshop.compiled(), 1);
  equal(await output(all[0].out), "one\n");
});

Deno.test("build() in two processes at once compiles once", async () => {
  await using workshop = await makeWorkshop();
  workshop.hold();
  const first = worker(workshop);
  await until("the first process compiles", () => workshop.compiled() === 1);
  const second = worker(workshop);
  await until("the second process waits for it", () => waitsForLock(second));
  workshop.release();
  const [a, b] = await within("both have built", Promise.all([first.output(), second.output()]));
  deepEqual([a.code, b.code], [0, 0]);
  const [out] = new TextDecoder().decode(a.stdout).split("\n");
  equal(new TextDecoder().decode(b.stdout), `${out}\n`);
  equal(workshop.compiled(), 1);
  equal(await output(out), "one\n");
});

Deno.test("build() does again what a process that was killed has begun", async () => {
  await using workshop = await makeWorkshop();
  workshop.hold();
  const first = worker(workshop);
  await until("the first process compiles", () => workshop.compiled() === 1);
  first.kill("SIGKILL");
  await first.output();
  const again = workshop.build();
  await until("it is compiled again", () => workshop.compiled() === 2);
  workshop.release();
  equal(await output((await again).out), "one\n");
  await workshop.build();
  equal(workshop.compiled(), 2);
});

Deno.test("build() never takes what was made of a newer source for that of the older", async () => {
  await using workshop = await makeWorkshop();
  workshop.hold();
  const building = workshop.build();
  await until("the compiler is at work", () => workshop.compiled() === 1);
  workshop.write("echo two\n");
  workshop.release();
  equal(await output((await building).out), "two\n");
  workshop.write("echo one\n");
  equal(await output((await workshop.build()).out), "one\n");
});

Deno.test("build() that fails tells what the compiler wrote, and succeeds once the source is mended", async () => {
  await using workshop = await makeWorkshop();
  workshop.write("error\n");
  await rejects(workshop.build(), (error: unknown) => {
    ok(error instanceof ProgramError);
    equal(error.code, "build");
    equal(error.status, 500);
    equal(error.message, `Cannot build ${workshop.source}: fakec ended with exit code 3`);
    equal(error.stderr, `${workshop.source}: error in line 1\nso it is\n`);
    return true;
  });
  await rejects(workshop.build(), ProgramError);
  equal(workshop.compiled(), 2);
  workshop.write("echo mended\n");
  equal(await output((await workshop.build()).out), "mended\n");
});

Deno.test("build() that fails fails for all that wait for it", async () => {
  await using workshop = await makeWorkshop();
  workshop.write("error\n");
  workshop.hold();
  const builds = Array.from({ length: 4 }, workshop.build);
  const settled = Promise.allSettled(builds);
  await until("the compiler is at work", () => workshop.compiled() > 0);
  workshop.release();
  deepEqual((await settled).map(({ status }) => status), Array(4).fill("rejected"));
  equal(workshop.compiled(), 1);
});

Deno.test("build() keeps a compiler's endless complaints within bounds", async () => {
  await using workshop = await makeWorkshop();
  const bytes = 4 * limits.buildOutputBytes;
  Deno.writeTextFileSync(
    workshop.compiler,
    `#!/bin/sh\n[ "$1" = --version ] || { head -c ${bytes} /dev/zero >&2; exit 1; }\n`,
  );
  await rejects(workshop.build(), (error: unknown) => {
    ok(error instanceof ProgramError);
    equal(error.stderr.length, limits.buildOutputBytes);
    return true;
  });
});

Deno.test("build() leaves nothing beside the source, and its results to its user alone", async () => {
  await using workshop = await makeWorkshop();
  const before = workshop.folder.names().concat("cache", "counter").sort();
  const { out, directory } = await workshop.build();
  deepEqual(workshop.folder.names().sort(), before);
  equal(Deno.statSync(directory).mode! & 0o777, 0o700);
  deepEqual(
    [...Deno.readDirSync(directory)].map(({ name }) => name).sort(),
    [basename(out), "source"].sort(),
  );
});

Deno.test("build() gives a compiler no secret, and paths as single arguments", async () => {
  await using workshop = await makeWorkshop();
  using _variables = withVariables({ SLUICE_TEST_SECRET: "secret" });
  Deno.writeTextFileSync(workshop.compiler, `#!/bin/sh\n[ "$1" = --version ] || { env; printf '%s\\n' "$#"; } >"$2"\n`);
  const { out } = await workshop.build();
  const text = Deno.readTextFileSync(out);
  equal(text.includes("secret"), false);
  match(text, /^PATH=/m);
  match(text, /\n3\n$/);
});

const c = new Languages().named("c");
const cc = findInterpreter(c);
if (!cc) console.log(`not tested: builds of C, for want of ${c.interpreters!.join(" or ")}`);
if (cc) {
  Deno.test("build() makes a program of C, and again when it has changed", async () => {
    await using folder = await makeFolder({ "hello.c": '#include <stdio.h>\nint main(void) { puts("one"); }\n' });
    using _variables = withVariables({ SLUICE_CACHE_DIR: folder.file("cache") });
    const file = folder.file("hello.c");
    const first = await build(c, cc, file);
    equal(await output(first.out), "one\n");
    const { mtime, ino } = Deno.statSync(first.out);
    deepEqual(await build(c, cc, file), first);
    deepEqual([Deno.statSync(first.out).mtime, Deno.statSync(first.out).ino], [mtime, ino]);
    Deno.writeTextFileSync(file, '#include <stdio.h>\nint main(void) { puts("two"); }\n');
    equal(await output((await build(c, cc, file)).out), "two\n");
  });

  Deno.test("build() tells where C is wrong", async () => {
    await using folder = await makeFolder({ "wrong.c": "int main(void) {\n  return nonsense;\n}\n" });
    using _variables = withVariables({ SLUICE_CACHE_DIR: folder.file("cache") });
    await rejects(build(c, cc, folder.file("wrong.c")), (error: unknown) => {
      ok(error instanceof ProgramError);
      match(error.stderr, /wrong\.c:2:\d+: .*nonsense/);
      return true;
    });
  });
}

Deno.test("expand() replaces names in one argument, and leaves others as they are", () => {
  const values = { file: "/a b/{out}.c", out: "/x/$&" };
  equal(expand("{file}", values), "/a b/{out}.c");
  equal(expand("-o={out},{out}", values), "-o=/x/$&,/x/$&");
  for (const text of ["{unknown}", "{}", "{ file }", "file", "{constructor}", "{toString}", "{__proto__}"]) {
    equal(expand(text, values), text);
  }
});

Deno.test("stem() is a file's name without its extension", () => {
  deepEqual(["/a/b.c", "/a/b.c.d", "/a/b", "/a/.b"].map(stem), ["b", "b.c", "b", ".b"]);
});
