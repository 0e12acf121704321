/** What every launcher has to keep, proved on each that can be had here. */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { ProgramError } from "../../src/errors.ts";
import { makeFolder } from "../support/folder.ts";
import { type Candidate, candidates, complete, run, shell } from "../support/launchers.ts";
import { makeLifeline } from "../support/lifeline.ts";
import { bytesWritten, processState } from "../support/proc.ts";
import { descriptors, isRunning, peakBytes } from "../support/processes.ts";
import { fromLatin1, readAll } from "../support/sources.ts";
import { until, within } from "../support/within.ts";

const MiB = 1024 * 1024;
const mebibyte = Uint8Array.from({ length: MiB }, (_, i) => (i * 31 + (i >> 11)) & 255);
const encoder = new TextEncoder();
const PATH = Deno.env.get("PATH")!;
/** Descriptors that we were started with ourselves, which every descendant has. */
const handedDown = new Set(inheritable().filter((fd) => Number(fd) > 2));

for (const candidate of candidates) {
  const { title, launcher, groups, reaps } = candidate;
  const test = (name: string, fn: () => Promise<void>) => Deno.test(`${title}: ${name}`, fn);

  test("an exit code arrives as it is", async () => {
    for (const code of [0, 1, 3, 127, 255]) {
      deepEqual((await run(launcher, { argv: shell(`exit ${code}`) })).exit, { code, signal: null });
    }
  });

  test("a signal that ended the program has its name and no code", async () => {
    for (const signal of ["SIGTERM", "SIGKILL", "SIGSEGV", "SIGABRT", "SIGHUP", "SIGUSR1"]) {
      const { exit } = await run(launcher, { argv: shell(`ulimit -c 0; kill -${signal.slice(3)} $$`) });
      deepEqual(exit, { code: null, signal });
    }
  });

  test("arguments arrive unsplit, whatever is in them", async () => {
    const args = ["", " ", "a b", "$(id)", "`id`", "'\"", "line\nbreak", "ü€😀", "-n", "{}*?"];
    const { stdout } = await run(launcher, { argv: shell(`printf '%s\\0' "$@"`, ...args) });
    equal(new TextDecoder().decode(stdout), args.map((arg) => arg + "\0").join(""));
  });

  test("without standard input a reader finds its end at once", async () => {
    const { stdout, exit } = await run(launcher, { argv: shell("cat; echo end"), stdin: "null" });
    equal(fromLatin1(stdout), "end\n");
    equal(exit.code, 0);
  });

  test("bytes given as standard input arrive, then its end", async () => {
    for (const size of [0, 1, 65536, 65537, MiB]) {
      const { stdout, exit } = await run(launcher, { argv: shell("cat"), stdin: mebibyte.slice(0, size) });
      equal(exit.code, 0);
      equal(stdout.byteLength, size);
      ok(stdout.every((byte, i) => byte === mebibyte[i]), `${size} bytes came back changed`);
    }
  });

  test("a program need not read the bytes given as its standard input", async () => {
    for (const line of ["echo done", "exec <&-; echo done", "head -c 10 >/dev/null; echo done"]) {
      const { stdout, exit } = await run(launcher, { argv: shell(line), stdin: mebibyte });
      equal(fromLatin1(stdout), "done\n");
      equal(exit.code, 0);
    }
  });

  test("what is written to the pipe arrives, and closing it is the end of standard input", async () => {
    const child = await launcher.launch(complete({ argv: shell("cat"), stdin: "pipe" }));
    const stdout = readAll(child.stdout);
    for (let at = 0; at < MiB; at += 10_000) equal(await child.stdin!.write(mebibyte.slice(at, at + 10_000)), true);
    child.stdin!.close();
    deepEqual(await stdout, mebibyte);
    deepEqual(await child.exit, { code: 0, signal: null });
    await child.close();
  });

  test("writing to a pipe that nobody reads any more is false, not an error", async () => {
    const child = await launcher.launch(
      complete({ argv: shell("exec <&-; echo closed; exec cat /dev/null"), stdin: "pipe" }),
    );
    equal(fromLatin1(await readAll(child.stdout)), "closed\n");
    await child.exit;
    await until("the write is refused", async () => !await child.stdin!.write(encoder.encode("x")));
    child.stdin!.close();
    await child.close();
  });

  test("writing waits while the program does not read", async () => {
    const child = await launcher.launch(complete({ argv: shell("read line; echo $line; exec cat"), stdin: "pipe" }));
    let written = 0;
    const pump = (async () => {
      for (let i = 0; i < 64; i++) {
        await child.stdin!.write(i === 0 ? encoder.encode("go\n" + "-".repeat(MiB)) : mebibyte);
        written++;
      }
      child.stdin!.close();
    })();
    equal(fromLatin1((await child.stdout.read())!).slice(0, 3), "go\n");
    await stalled(() => written);
    ok(written < 16, `${written} MiB were taken by a program that is stuck in its output`);
    const length = (await readAll(child.stdout)).byteLength;
    await pump;
    await child.close();
    ok(length >= 63 * MiB, `only ${length} bytes came through`);
  });

  test("output is here while the program goes on", async () => {
    const line = "echo one; read answer; echo $answer; read answer; echo $answer >&2";
    const errors: string[] = [];
    const child = await launcher.launch(complete({
      argv: shell(line),
      stdin: "pipe",
      onStderr: (chunk) => errors.push(fromLatin1(chunk)),
    }));
    equal(fromLatin1((await within("the first line comes", Promise.resolve(child.stdout.read())))!), "one\n");
    await child.stdin!.write(encoder.encode("two\n"));
    equal(fromLatin1((await within("the second line comes", Promise.resolve(child.stdout.read())))!), "two\n");
    await child.stdin!.write(encoder.encode("three\n"));
    await child.exit;
    equal(await child.stdout.read(), undefined);
    await child.close();
    equal(errors.join(""), "three\n");
  });

  test("standard error is here while the program goes on", async () => {
    const heard = Promise.withResolvers<string>();
    const child = await launcher.launch(complete({
      argv: shell("echo ready >&2; read answer"),
      stdin: "pipe",
      onStderr: (chunk) => heard.resolve(fromLatin1(chunk)),
    }));
    equal(await within("standard error comes", heard.promise), "ready\n");
    child.stdin!.close();
    await child.exit;
    await child.close();
  });

  test("a writer without end stops when nobody reads", async () => {
    const child = await launcher.launch(complete({ argv: shell("exec yes") }));
    ok(await child.stdout.read());
    const before = await stalled(() => bytesWritten(child.pid));
    ok(before < 8 * MiB, `it wrote ${before} bytes that nobody reads`);
    for (let left = 8 * MiB; left > 0;) left -= (await child.stdout.read())!.byteLength;
    const after = await stalled(() => bytesWritten(child.pid));
    ok(after > before && after < 24 * MiB, `it wrote ${after} bytes of which 8 MiB were read`);
    child.signal("SIGKILL");
    await child.exit;
    await child.close();
  });

  test("a writer whose output is cancelled ends by SIGPIPE", async () => {
    const child = await launcher.launch(complete({ argv: shell("exec yes") }));
    ok(await child.stdout.read());
    child.stdout.cancel();
    child.stdout.cancel();
    deepEqual(await within("the writer ends", child.exit), { code: null, signal: "SIGPIPE" });
    await child.close();
  });

  test("standard error is complete when close() has resolved, however late it was written", async () => {
    const complains = async (line: string, size: number) => {
      let bytes = 0;
      const child = await launcher.launch(complete({
        argv: shell(line, String(size)),
        env: { PATH },
        onStderr: (chunk) => bytes += chunk.byteLength,
      }));
      await child.exit;
      await child.close();
      equal(bytes, size, line);
    };
    // Several at a time, because it takes a busy event loop to hear of the end before the last words.
    for (let round = 0; round < 10; round++) {
      for (const line of ['head -c "$1" /dev/zero >&2', 'sleep 0.01; head -c "$1" /dev/zero >&2']) {
        await Promise.all([1, 1000, 60_000, 60_000, 60_000, 60_000, 1_000_000].map((size) => complains(line, size)));
      }
    }
  });

  test("nothing is told of standard error after close() has resolved", async () => {
    let closed = false;
    let late = 0;
    // Outside the group it outlives close(), and writes until it finds its standard error closed.
    const writer = `(trap '' TERM HUP; while echo late >&2; do :; done) & exit 0`;
    const line = groups ? `setsid sh -c "${writer}"` : writer;
    const child = await launcher.launch(
      complete({ argv: shell(line), env: { PATH }, onStderr: () => late += Number(closed) }),
    );
    await child.exit;
    await child.close();
    closed = true;
    await new Promise((resolve) => setTimeout(resolve, 50)); // nothing tells that nothing comes
    equal(late, 0);
  });

  test("the environment is exactly what was given, nothing is inherited", async () => {
    const env = { A: "1", EMPTY: "", "lower.case-name": "x=y", LINES: "one\ntwo", ÜMLAUT: "ü€😀" };
    const { stdout } = await run(launcher, { argv: ["/usr/bin/env", "-0"], env });
    const got = new TextDecoder().decode(stdout).split("\0").slice(0, -1).sort();
    deepEqual(got, Object.entries(env).map(([name, value]) => `${name}=${value}`).sort());
    equal((await run(launcher, { argv: ["/usr/bin/env"], env: {} })).stdout.byteLength, 0);
  });

  test("a program runs in the folder that was named, else in ours", async () => {
    await using folder = await makeFolder();
    const pwd = async (cwd?: string) => fromLatin1((await run(launcher, { argv: shell("pwd -P"), cwd })).stdout);
    equal(await pwd(folder.path), Deno.realPathSync(folder.path) + "\n");
    equal(await pwd(), Deno.realPathSync(Deno.cwd()) + "\n");
  });

  test("a program finds no open descriptor but its three, and SIGPIPE neither ignored nor blocked", async () => {
    const output = async (line: string) =>
      fromLatin1((await run(launcher, { argv: shell(line), env: { PATH } })).stdout);
    const open = (await output("ls /proc/$$/fd")).trim().split("\n");
    deepEqual(open.filter((fd) => !handedDown.has(fd)), ["0", "1", "2"]);
    const sets = await output("exec grep -E '^Sig(Ign|Blk)' /proc/self/status");
    const SIGPIPE = 1n << 12n;
    deepEqual([...sets.matchAll(/[0-9a-f]{16}/g)].map(([set]) => BigInt("0x" + set) & SIGPIPE), [0n, 0n]);
  });

  if (groups) {
    test("a program leads a group and a session of its own", async () => {
      const { pid, stdout } = await run(launcher, {
        argv: shell("exec cut -d ' ' -f 1,5,6 /proc/self/stat"),
        env: { PATH },
      });
      equal(fromLatin1(stdout), `${pid} ${pid} ${pid}\n`);
    });
  }

  test("what can't be started is a ProgramError with reason start", async () => {
    await using folder = await makeFolder({
      "data.txt": "echo data\n",
      "no-shebang": "echo no first line\n",
      "lost-interpreter": "#!/no/such/interpreter\n",
      "good": "#!/bin/sh\n",
    });
    await Deno.chmod(folder.file("no-shebang"), 0o755);
    const cases: Record<string, { argv: [string, ...string[]]; env?: Record<string, string>; cwd?: string }> = {
      "missing": { argv: [folder.file("missing")] },
      "not executable": { argv: [folder.file("data.txt")] },
      "a folder": { argv: [folder.path] },
      "below a file": { argv: [folder.file("good/x")] },
      "no first line": { argv: [folder.file("no-shebang")] },
      "its interpreter is missing": { argv: [folder.file("lost-interpreter")] },
      "one argument is too long": { argv: [folder.file("good"), "x".repeat(200_000)] },
      "one variable is too long": { argv: [folder.file("good")], env: { LONG: "x".repeat(200_000) } },
      "all are too long": { argv: [folder.file("good"), ...Array.from({ length: 100 }, () => "x".repeat(100_000))] },
      "its working directory is missing": { argv: [folder.file("good")], cwd: folder.file("missing") },
    };
    const before = descriptors(Deno.pid).length;
    for (const [what, spec] of Object.entries(cases)) {
      const refused = (error: unknown) => {
        ok(error instanceof ProgramError, `${what}: ${error}`);
        equal(error.code, "start", what);
        ok(error.message.startsWith(`Cannot start ${spec.argv[0]}: `), error.message);
        return true;
      };
      await rejects(run(launcher, spec), refused, `${what}: it was started`);
    }
    await until("the descriptors are closed", () => descriptors(Deno.pid).length === before);
    equal((await run(launcher, { argv: [folder.file("good")] })).exit.code, 0);
  });

  if (groups) {
    test("a signal reaches grandchildren too", async () => {
      for (const name of ["SIGTERM", "SIGKILL"] as const) {
        await using folder = await makeFolder();
        await using lifeline = await makeLifeline(folder);
        const line = `exec 3>"$1"; (sh -c 'echo $$ >&3; exec sleep 1000' & sleep 1000) & wait`;
        const child = await launcher.launch(complete({ argv: shell(line, lifeline.path), env: { PATH } }));
        const grandchild = Number(await lifeline.line());
        ok(isRunning(grandchild));
        child.signal(name);
        deepEqual(await within("the leader ends", child.exit), { code: null, signal: name });
        await lifeline.gone();
        equal((await within("standard output ends", readAll(child.stdout))).byteLength, 0);
        await child.close();
      }
    });
  }

  if (groups) {
    test("close() ends what the leader left behind, also what ignores SIGTERM", async () => {
      for (const trap of ["", "trap '' TERM;"]) {
        await using folder = await makeFolder();
        await using lifeline = await makeLifeline(folder);
        const line = `exec 3>"$1"; (${trap} echo ready >&3; while :; do sleep 1000; done) & read line <"$1.go"`;
        await new Deno.Command("mkfifo", { args: [`${lifeline.path}.go`] }).output();
        const child = await launcher.launch(complete({ argv: shell(line, lifeline.path), env: { PATH } }));
        equal(await lifeline.line(), "ready");
        await Deno.writeTextFile(`${lifeline.path}.go`, "\n");
        await child.exit;
        await child.close();
        await lifeline.gone();
      }
    });
  }

  test("a program that has stopped itself can still be killed", async () => {
    const child = await launcher.launch(complete({ argv: shell("echo $$; kill -STOP $$") }));
    await until("it has stopped itself", () => processState(child.pid) === "T");
    child.signal("SIGKILL");
    deepEqual(await within("it ends", child.exit), { code: null, signal: "SIGKILL" });
    await child.close();
  });

  test("signals to a program that has ended do nothing, and close() may be called twice", async () => {
    const child = await launcher.launch(complete({ argv: shell("exit 3") }));
    await child.exit;
    child.signal("SIGTERM");
    child.signal("SIGKILL");
    await child.close();
    child.signal("SIGTERM");
    await child.close();
    deepEqual(await child.exit, { code: 3, signal: null });
  });

  test("close() before the program has ended waits for its end", async () => {
    const child = await launcher.launch(complete({ argv: shell("read line; exit 4"), stdin: "pipe" }));
    const closing = child.close();
    await child.stdin!.write(encoder.encode("\n"));
    await within("close() resolves", closing);
    deepEqual(await child.exit, { code: 4, signal: null });
  });

  test("an ended program keeps its pid until close(), and is no zombie after it", async () => {
    const child = await launcher.launch(complete({ argv: shell("exit 0") }));
    await child.exit;
    if (reaps) equal(processState(child.pid), "Z");
    await child.close();
    equal(processState(child.pid), undefined);
  });

  test("two hundred runs leave no descriptor and no child behind", async () => {
    const once = async (i: number) => {
      const stdin = [new Uint8Array(0), mebibyte.slice(0, 100_000), "null" as const][i % 3];
      const { exit } = await run(launcher, {
        argv: shell(i % 2 ? "cat >/dev/null" : "echo x; echo y >&2; exit 0"),
        stdin,
      });
      equal(exit.code, 0);
      if (i % 10 === 0) await rejects(run(launcher, { argv: ["/no/such/program"] }));
      if (i % 10 === 5) await abandon(candidate);
    };
    for (let i = 0; i < 10; i++) await once(i);
    const before = descriptors(Deno.pid).length;
    for (let i = 0; i < 200; i += 8) await Promise.all(Array.from({ length: 8 }, (_, j) => once(i + j)));
    await until("the descriptors are closed", () => descriptors(Deno.pid).length <= before);
    deepEqual(zombies(), []);
  });

  test("many at a time get each their own", async () => {
    const all = await Promise.all(
      Array.from(
        { length: 64 },
        (_, i) =>
          run(launcher, {
            argv: shell(`cat; echo $N; exit ${i}`),
            env: { N: String(i) },
            stdin: encoder.encode(`<${i}>`),
          }),
      ),
    );
    deepEqual(all.map(({ exit }) => exit.code), Array.from({ length: 64 }, (_, i) => i));
    deepEqual(all.map(({ stdout }) => fromLatin1(stdout)), Array.from({ length: 64 }, (_, i) => `<${i}>${i}\n`));
  });

  test(`it tells what a program used${reaps ? "" : ", or that it does not know"}`, async () => {
    const { usage } = await run(launcher, { argv: shell("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done") });
    if (!reaps) return equal(usage, undefined);
    ok(usage, "there is no report");
    ok(usage.userMs > 1 && usage.userMs < 60_000, `${usage.userMs} ms in user mode`);
    ok(usage.systemMs >= 0 && usage.systemMs < 60_000, `${usage.systemMs} ms in the kernel`);
    // Linux carries what was resident in us over to a child: no more than our own peak can be told of a shell.
    const most = peakBytes(Deno.pid) + 64 * MiB;
    ok(usage.maxRssBytes > 64 * 1024 && usage.maxRssBytes < most, `${usage.maxRssBytes} bytes resident`);
  });
}

/** Waits until a number has not grown for a while; gives it. */
async function stalled(progress: () => number): Promise<number> {
  let last = -1;
  let times = 0;
  await until("it stalls", () => {
    const now = progress();
    times = now === last ? times + 1 : 0;
    last = now;
    return times >= 10;
  });
  return last;
}

/** A run of which nobody reads the output. */
async function abandon({ launcher }: Candidate): Promise<void> {
  const child = await launcher.launch(complete({ argv: shell("echo unread; echo unread >&2") }));
  await child.exit;
  await child.close();
}

/** Our own children that nobody has waited for. */
function zombies(): string[] {
  return [...Deno.readDirSync("/proc")]
    .filter(({ name }) => /^\d+$/.test(name) && processState(Number(name)) === "Z")
    .map(({ name }) => Deno.readTextFileSync(`/proc/${name}/status`))
    .filter((status) => Number(/^PPid:\s+(\d+)/m.exec(status)![1]) === Deno.pid);
}

/** Our descriptors that are not closed in children. */
function inheritable(): string[] {
  const O_CLOEXEC = 0o2000000;
  return [...Deno.readDirSync("/proc/self/fdinfo")].map(({ name }) => name).filter((fd) => {
    try {
      const flags = /^flags:\s+(\d+)/m.exec(Deno.readTextFileSync(`/proc/self/fdinfo/${fd}`))![1];
      return (parseInt(flags, 8) & O_CLOEXEC) === 0;
    } catch {
      return false; // it was that of the listing itself
    }
  });
}
