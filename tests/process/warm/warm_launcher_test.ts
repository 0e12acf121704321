/** The launcher of warm programs: the contract of all launchers, and what becomes of runs whatever befalls the parent. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { Child, LaunchSpec } from "../../../src/process/launcher.ts";
import { defaultLauncher } from "../../../src/process/launchers.ts";
import type { WarmLauncher } from "../../../src/process/warm/warm_launcher.ts";
import { type Folder, makeFolder } from "../../support/folder.ts";
import { complete, type Outcome, run } from "../../support/launchers.ts";
import { makeLifeline } from "../../support/lifeline.ts";
import { bytesWritten, processState } from "../../support/proc.ts";
import { childrenOf, descriptors, isRunning } from "../../support/processes.ts";
import { fromLatin1, readAll } from "../../support/sources.ts";
import { eitherWay, makeWarm, pythonSettings, type WarmSettings } from "../../support/warm.ts";
import { until, within } from "../../support/within.ts";

const MiB = 1024 * 1024;
const mebibyte = Uint8Array.from({ length: MiB }, (_, i) => (i * 31 + (i >> 11)) & 255);
const encoder = new TextEncoder();
const root = new URL("../../../", import.meta.url);

/** A script that runs what its request holds. */
const ANY = `import os, signal, subprocess, sys, time\nexec(os.environ["CODE"])\n`;
/** Ends when its standard input does. */
const WAITS = "sys.stdin.read(); print('over')";

/** A program that is kept warm; disposal asserts that no process of it is left. */
class Warm implements AsyncDisposable {
  readonly launcher: WarmLauncher;
  readonly settings: WarmSettings;
  readonly said: string[] = [];
  readonly #folder: Folder;
  /** In the environment of every process that it has started, and of no other. */
  readonly #mark = crypto.randomUUID();

  private constructor(folder: Folder, settings: Partial<WarmSettings>) {
    this.#folder = folder;
    const env = { MARK: this.#mark, ...settings.env };
    this.settings = pythonSettings(folder.file("script.py"), { ...settings, env, said: this.said });
    this.launcher = makeWarm(this.settings);
  }

  /** One that has not loaded yet. */
  static async make(files: Record<string, string> = {}, settings: Partial<WarmSettings> = {}): Promise<Warm> {
    return new Warm(await makeFolder({ "script.py": ANY, ...files }), settings);
  }

  /** One that is ready. */
  static async start(files: Record<string, string> = {}, settings: Partial<WarmSettings> = {}): Promise<Warm> {
    const warm = await Warm.make(files, settings);
    await warm.ready();
    return warm;
  }

  async ready(): Promise<void> {
    await until("it is ready", async () => {
      await this.launcher.prepare();
      return this.launcher.state.kind === "ready";
    });
  }

  file(name: string): string {
    return this.#folder.file(name);
  }

  async write(name: string, text: string): Promise<void> {
    await Deno.writeTextFile(this.file(name), text);
    await new Promise((resolve) => setTimeout(resolve, 10)); // sources are not looked at for each of many requests
  }

  /** Starts a run of code, warm if it can be. */
  launch(code: string, more: Partial<LaunchSpec> = {}): Promise<Child> {
    const variables = { CODE: code, ...more.variables };
    return within("a run is started", this.launcher.launch(eitherWay(this.settings, { ...more, variables })));
  }

  /** Runs code to its end, warm if it can be. */
  run(code: string, more: Partial<LaunchSpec> = {}): Promise<Outcome> {
    const variables = { CODE: code, ...more.variables };
    return within("a run ends", run(this.launcher, eitherWay(this.settings, { ...more, variables })));
  }

  /** What code prints. */
  async prints(code: string, more: Partial<LaunchSpec> = {}): Promise<string> {
    const { stdout, stderr, exit } = await this.run(code, more);
    deepEqual(exit, { code: 0, signal: null }, stderr);
    return bodyOf(stdout);
  }

  /** The pid of the parent that serves now. */
  async parent(): Promise<number> {
    const pid = Number(await this.prints("print(os.getppid())"));
    ok(pid !== Deno.pid, `it was served cold: ${this.said}`);
    return pid;
  }

  /** Its processes. */
  processes(): number[] {
    return marked(this.#mark);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A run that a failed test has left would keep it, and all tests behind it, for ever.
    const late = setTimeout(() => this.processes().forEach((pid) => Deno.kill(pid, "SIGKILL")), 5000);
    await within("it is disposed", this.launcher[Symbol.asyncDispose]());
    clearTimeout(late);
    await this.#folder[Symbol.asyncDispose]();
    deepEqual(this.processes(), []);
  }
}

const CONTRACT = "a warm program: ";

Deno.test(`${CONTRACT}its exit code arrives as it is, also when nothing of the interpreter is run any more`, async () => {
  await using warm = await Warm.start();
  for (const code of [0, 1, 3, 127, 255]) {
    deepEqual((await warm.run(`sys.exit(${code})`)).exit, { code, signal: null });
    deepEqual((await warm.run(`os._exit(${code})`)).exit, { code, signal: null });
  }
});

Deno.test(`${CONTRACT}the signal that ended it has its name and no code`, async () => {
  await using warm = await Warm.start();
  for (const name of ["SIGTERM", "SIGKILL", "SIGSEGV", "SIGABRT", "SIGHUP", "SIGUSR1", "SIGPIPE"]) {
    const code = `import resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
os.kill(os.getpid(), signal.${name}); time.sleep(10)`;
    deepEqual((await warm.run(code)).exit, { code: null, signal: name });
  }
});

Deno.test(`${CONTRACT}without standard input it finds its end at once`, async () => {
  await using warm = await Warm.start();
  equal(await warm.prints("print(sys.stdin.buffer.read(), 'end')"), "b'' end\n");
});

Deno.test(`${CONTRACT}bytes given as its standard input arrive, then the end`, async () => {
  await using warm = await Warm.start();
  for (const size of [0, 1, 65536, 65537, MiB]) {
    const code = "sys.stdout.buffer.write(sys.stdin.buffer.read())";
    const { stdout, exit } = await warm.run(code, { stdin: mebibyte.slice(0, size) });
    equal(exit.code, 0);
    deepEqual(bodyBytes(stdout), mebibyte.slice(0, size), `${size} bytes came back changed`);
  }
});

Deno.test(`${CONTRACT}it need not read its standard input`, async () => {
  await using warm = await Warm.start();
  for (const code of ["print('done')", "os.close(0); print('done')", "os.read(0, 10); print('done')"]) {
    equal(await warm.prints(code, { stdin: mebibyte }), "done\n");
  }
});

Deno.test(`${CONTRACT}what is written to its pipe arrives, and closing that is its end`, async () => {
  await using warm = await Warm.start();
  const child = await warm.launch("sys.stdout.buffer.write(sys.stdin.buffer.read())", { stdin: "pipe" });
  const stdout = readAll(child.stdout);
  for (let at = 0; at < MiB; at += 10_000) equal(await child.stdin!.write(mebibyte.slice(at, at + 10_000)), true);
  child.stdin!.close();
  deepEqual(bodyBytes(await stdout), mebibyte);
  deepEqual(await child.exit, { code: 0, signal: null });
  await child.close();
});

Deno.test(`${CONTRACT}writing to a pipe that it does not read any more is false, not an error`, async () => {
  await using warm = await Warm.start();
  const child = await warm.launch("os.close(0); os.write(1, b'closed'); os._exit(0)", { stdin: "pipe" });
  equal(fromLatin1(await readAll(child.stdout)), "closed");
  await child.exit;
  await until("the write is refused", async () => !await child.stdin!.write(encoder.encode("x")));
  child.stdin!.close();
  await child.close();
});

Deno.test(`${CONTRACT}writing waits while it does not read`, async () => {
  await using warm = await Warm.start();
  const code = `
sys.stdin.buffer.readline()
print('go', flush=True)
while data := sys.stdin.buffer.read1(65536): os.write(1, data)
`;
  const child = await warm.launch(code, { stdin: "pipe" });
  let written = 0;
  const pump = (async () => {
    await child.stdin!.write(encoder.encode("go\n"));
    for (; written < 48; written++) await child.stdin!.write(mebibyte);
    child.stdin!.close();
  })();
  const first = bodyBytes((await child.stdout.read())! as Uint8Array<ArrayBuffer>);
  await stalled(() => written);
  ok(written < 16, `${written} MiB were taken by a program that is stuck in its output`);
  const length = first.byteLength + (await readAll(child.stdout)).byteLength;
  await pump;
  await child.close();
  equal(length, "go\n".length + 48 * MiB);
});

Deno.test(`${CONTRACT}what it writes is here while it goes on`, async () => {
  await using warm = await Warm.start();
  const errors: string[] = [];
  const code = `
print('one', flush=True)
print(sys.stdin.readline(), end='', flush=True)
sys.stderr.write(sys.stdin.readline())
`;
  const child = await warm.launch(code, { stdin: "pipe", onStderr: (chunk) => errors.push(fromLatin1(chunk)) });
  match(fromLatin1((await within("the first line comes", Promise.resolve(child.stdout.read())))!), /one\n$/);
  await child.stdin!.write(encoder.encode("two\n"));
  equal(fromLatin1((await within("the second line comes", Promise.resolve(child.stdout.read())))!), "two\n");
  await child.stdin!.write(encoder.encode("three\n"));
  await child.exit;
  equal(await child.stdout.read(), undefined);
  await child.close();
  equal(errors.join(""), "three\n");
});

Deno.test(`${CONTRACT}without a reader it stops writing, and its writes fail when its output is cancelled`, async () => {
  await using warm = await Warm.start();
  let stderr = "";
  const onStderr = (chunk: Uint8Array) => stderr += fromLatin1(chunk);
  const child = await warm.launch("while True: os.write(1, b'y\\n' * 4096)", { onStderr });
  ok(await child.stdout.read());
  const before = await stalled(() => bytesWritten(child.pid));
  ok(before < 8 * MiB, `it wrote ${before} bytes that nobody reads`);
  for (let left = 8 * MiB; left > 0;) left -= (await child.stdout.read())!.byteLength;
  const after = await stalled(() => bytesWritten(child.pid));
  ok(after > before && after < 24 * MiB, `it wrote ${after} bytes of which 8 MiB were read`);
  child.stdout.cancel();
  deepEqual(await within("the writer ends", child.exit), { code: 1, signal: null });
  await child.close();
  match(stderr, /BrokenPipeError/);
});

Deno.test(`${CONTRACT}all of its standard error is here when close() has resolved`, async () => {
  await using warm = await Warm.start();
  const complains = async (code: string, size: number) => {
    let bytes = 0;
    const onStderr = (chunk: Uint8Array) => bytes += chunk.byteLength;
    const child = await warm.launch(code, { variables: { SIZE: String(size) }, onStderr });
    await child.exit;
    await child.close();
    equal(bytes, size, code);
  };
  const write = "sys.stderr.buffer.write(b'e' * int(os.environ['SIZE']))";
  for (const code of [write, `time.sleep(0.01); ${write}`, `${write}; sys.stderr.flush(); os._exit(1)`]) {
    await Promise.all([1, 1000, 60_000, 60_000, 60_000, 1_000_000, 20_000_000].map((size) => complains(code, size)));
  }
});

Deno.test(`${CONTRACT}it leads a group and a session, and its own children find no descriptor but three`, async () => {
  await using warm = await Warm.start();
  const leads = "print(os.getpid() == os.getpgid(0) == os.getsid(0))";
  equal(await warm.prints(leads), "True\n");
  // Descriptors that we were started with ourselves are found by cold and warm ones alike.
  const code =
    "print(subprocess.run(['ls', '/proc/self/fd'], capture_output=True, close_fds=False).stdout.split()[:-1])";
  const cold = await run(defaultLauncher(), eitherWay(warm.settings, { variables: { CODE: code } }));
  equal(await warm.prints(code), bodyOf(cold.stdout));
});

Deno.test(`${CONTRACT}a signal reaches grandchildren too`, async () => {
  await using warm = await Warm.start();
  await Promise.all((["SIGTERM", "SIGKILL"] as const).map(async (name) => {
    await using lifeline = await makeLifeline(warm);
    const code = `
line = os.open(${JSON.stringify(lifeline.path)}, os.O_WRONLY)
subprocess.Popen(['sh', '-c', 'echo $$ >&%d; exec sleep 1000' % line], pass_fds=[line], stdout=2)
time.sleep(1000)`;
    const child = await warm.launch(code);
    const grandchild = Number(await lifeline.line());
    ok(isRunning(grandchild));
    child.signal(name);
    deepEqual(await within("the leader ends", child.exit), { code: null, signal: name });
    await lifeline.gone();
    equal((await within("standard output ends", readAll(child.stdout))).byteLength, 0);
    await child.close();
  }));
});

Deno.test(`${CONTRACT}close() ends what it left behind, also what ignores SIGTERM`, async () => {
  await using warm = await Warm.start();
  await Promise.all(["", "trap '' TERM; "].map(async (trap) => {
    await using lifeline = await makeLifeline(warm);
    const code = `
line = os.open(${JSON.stringify(lifeline.path)}, os.O_WRONLY)
subprocess.Popen(['sh', '-c', "${trap}echo ready >&%d; while :; do sleep 1000; done" % line], pass_fds=[line])
sys.stdin.read()`;
    const child = await warm.launch(code, { stdin: "pipe" });
    equal(await lifeline.line(), "ready");
    child.stdin!.close();
    deepEqual(await within("the leader ends", child.exit), { code: 0, signal: null });
    await child.close();
    await lifeline.gone();
  }));
});

Deno.test(`${CONTRACT}a run that is over and whose process does not end is ended by close()`, async () => {
  await using warm = await Warm.start();
  // What runs behind the last word of a run: here the test's own report that it is over.
  const child = await warm.launch("os.write(104, b'done %d 0\\n' % os.getpid()); time.sleep(1000)");
  deepEqual(await within("the run is over", child.exit), { code: 0, signal: null });
  ok(isRunning(child.pid));
  ok(await within("the process is ended", child.close(), 3000));
  equal(isRunning(child.pid), false);
});

Deno.test(`${CONTRACT}it can be killed when it has stopped itself, and signalled in vain when it has ended`, async () => {
  await using warm = await Warm.start();
  const stopped = await warm.launch("os.kill(os.getpid(), signal.SIGSTOP)");
  await until("it has stopped itself", () => processState(stopped.pid) === "T");
  stopped.signal("SIGKILL");
  deepEqual(await within("it ends", stopped.exit), { code: null, signal: "SIGKILL" });
  for (const name of ["SIGTERM", "SIGKILL"] as const) stopped.signal(name);
  await stopped.close();
  stopped.signal("SIGTERM");
  await stopped.close();
});

Deno.test(`${CONTRACT}close() before its end waits for that`, async () => {
  await using warm = await Warm.start();
  const child = await warm.launch("sys.stdin.readline(); os._exit(4)", { stdin: "pipe" });
  const closing = child.close();
  await child.stdin!.write(encoder.encode("\n"));
  await within("close() resolves", closing);
  deepEqual(await child.exit, { code: 4, signal: null });
});

Deno.test(`${CONTRACT}it is told what each run used, and not what another did`, async () => {
  await using warm = await Warm.start();
  const idle = (await warm.run("pass")).usage!;
  const busy = (await warm.run("begin = time.process_time()\nwhile time.process_time() < begin + 0.1: pass")).usage!;
  const large = (await warm.run("x = b'x' * 200_000_000")).usage!;
  const after = (await warm.run("pass")).usage!;
  ok(busy.userMs + busy.systemMs >= 100 && busy.userMs + busy.systemMs < 1000, JSON.stringify(busy));
  ok(large.maxRssBytes > 200e6 && large.maxRssBytes < 400e6, JSON.stringify(large));
  for (const usage of [idle, after]) {
    ok(usage.userMs + usage.systemMs < 90, JSON.stringify(usage));
    ok(usage.maxRssBytes > MiB && usage.maxRssBytes < 100e6, JSON.stringify(usage));
  }
});

Deno.test(`${CONTRACT}many at a time get each their own`, async () => {
  await using warm = await Warm.start();
  // The answer is out before it fails: else it would have none.
  const code = "print(sys.stdin.read() + os.environ['N'], flush=True); sys.exit(int(os.environ['N']))";
  const runs = await Promise.all(Array.from({ length: 64 }, async (_, i) => {
    const { exit, stdout } = await warm.run(code, { variables: { N: String(i) }, stdin: encoder.encode(`<${i}>`) });
    return [exit.code, bodyOf(stdout)];
  }));
  deepEqual(runs, Array.from({ length: 64 }, (_, i) => [i, `<${i}>${i}\n`]));
});

Deno.test(`${CONTRACT}two hundred at once are all served, by a pool of four spares, and nothing is left`, async () => {
  await using warm = await Warm.start({}, { sparesMax: 4 });
  const parent = await warm.parent();
  const before = descriptors(Deno.pid).length;
  const parentBefore = descriptors(parent).length;
  const numbers = Array.from({ length: 200 }, (_, i) => i);
  const spec = (n: number) =>
    complete({
      argv: ["/nonexistent"], // none is started cold
      variables: { CODE: "time.sleep(0.02); print(os.environ['N'])", N: String(n) },
    });
  const bodies = await Promise.all(numbers.map(async (n) => bodyOf((await run(warm.launcher, spec(n))).stdout)));
  deepEqual(bodies, numbers.map((n) => `${n}\n`));
  await until("the descriptors are closed", () => descriptors(Deno.pid).length <= before);
  equal(descriptors(parent).length, parentBefore);
  await until("none is left a zombie", () => childrenOf(parent).every((pid) => processState(pid) !== "Z"));
});

// What is run cold

Deno.test("nothing waits for the parent to load: until it is ready runs are cold", async () => {
  await using warm = await Warm.make({ "warm.py": "import time; time.sleep(0.5)" });
  equal(await warm.prints("print(os.getppid())"), `${Deno.pid}\n`);
  equal(warm.launcher.state.kind, "loading");
  await warm.launcher.prepare();
  equal(warm.launcher.state.kind, "ready");
  await warm.parent();
});

Deno.test("a request that is too large for a packet is run cold, with all it holds", async () => {
  await using warm = await Warm.start();
  const parent = await warm.parent();
  const code = "print(os.getppid(), len(os.environ['BIG']), sys.stdin.read())";
  const ask = (size: number) =>
    warm.prints(code, { variables: { BIG: "x".repeat(size) }, stdin: encoder.encode("body") });
  equal(await ask(100_000), `${Deno.pid} 100000 body\n`);
  equal(await ask(65_000), `${parent} 65000 body\n`);
});

Deno.test("a variable with a NUL byte is refused, as it is cold", async () => {
  await using warm = await Warm.start();
  const cases: Record<string, string>[] = [{ A: "1\0CODE=print(1)" }, { "A\0B": "1" }];
  for (const variables of cases) {
    const refused = warm.launcher.launch(eitherWay(warm.settings, { variables }));
    const error = await refused.then(() => undefined, (error) => error);
    ok(error instanceof TypeError, `${error}`);
  }
});

// Changes of the program

Deno.test("a changed script is what the next run runs; runs under way keep theirs, and the old parent goes", async () => {
  const version = (n: number) => `import os, sys\nsys.stdin.read()\nprint(${n}, os.getppid())\n`;
  await using warm = await Warm.start({ "script.py": version(1) });
  const first = await warm.run("");
  const parent = Number(bodyOf(first.stdout).split(" ")[1]);
  const underWay = await Promise.all([1, 2, 3, 4].map(() => warm.launch("", { stdin: "pipe" })));
  await warm.write("script.py", version(2));
  equal(await warm.prints(""), `2 ${Deno.pid}\n`);
  await warm.ready();
  const [number, next] = (await warm.prints("")).trim().split(" ").map(Number);
  equal(number, 2);
  ok(next !== parent && next !== Deno.pid);
  ok(isRunning(parent), "it has runs under way");
  for (const child of underWay) {
    child.stdin!.close();
    equal(bodyOf(await readAll(child.stdout)), `1 ${parent}\n`);
    deepEqual(await child.exit, { code: 0, signal: null });
    ok(await child.close(), "what it used is known");
  }
  await until("the old parent has gone", () => !isRunning(parent));
});

Deno.test("what the user wants loaded ahead counts as the program too, when it appears and when it goes", async () => {
  await using warm = await Warm.start();
  const loaded = "print('fractions' in sys.modules)";
  equal(await warm.prints(loaded), "False\n");
  await warm.write("warm.py", "import fractions\n");
  await warm.ready();
  await warm.parent();
  equal(await warm.prints(loaded), "True\n");
  await Deno.remove(warm.file("warm.py"));
  await new Promise((resolve) => setTimeout(resolve, 10));
  await warm.run("pass");
  await warm.ready();
  await warm.parent();
  equal(await warm.prints(loaded), "False\n");
});

Deno.test("a script that changes while it is loaded is loaded again before it counts as ready", async () => {
  const hook = `
import os, time
open("loading", "w").close()
while not os.path.exists("go"): time.sleep(0.01)
`;
  await using warm = await Warm.make({ "script.py": "print('old')" });
  await warm.write("warm.py", hook.replaceAll(/"(loading|go)"/g, (_, name) => JSON.stringify(warm.file(name))));
  const preparing = warm.launcher.prepare();
  await until("it loads", () => exists(warm.file("loading")));
  await Deno.writeTextFile(warm.file("script.py"), "print('new')");
  await Deno.writeTextFile(warm.file("go"), "");
  await within("it is prepared", preparing);
  equal(warm.launcher.state.kind, "ready");
  equal(await warm.prints(""), "new\n");
});

Deno.test("many changes in a row leave one parent", async () => {
  await using warm = await Warm.start({ "script.py": "print(0)" });
  for (let i = 1; i <= 5; i++) {
    await warm.write("script.py", `print(${i})`);
    equal(await warm.prints(""), `${i}\n`);
  }
  await warm.ready();
  equal(await warm.prints(""), "5\n");
  await until("one parent is left", () => warm.processes().filter((pid) => parentOf(pid) === Deno.pid).length === 1);
});

// The parent's death

Deno.test("runs under way outlive a killed parent, those that come in that moment are run, and each once", async () => {
  const script = `
import os, sys
data = sys.stdin.buffer.read()
log = os.open(os.environ["LOG"], os.O_WRONLY | os.O_APPEND)
os.write(log, os.environ["N"].encode() + b"\\n")
print(os.environ["N"])
sys.stdout.buffer.write(data)
`;
  await Promise.all([undefined, 0, 2].map(async (ms) => {
    await using warm = await Warm.start({ "script.py": script, "log": "" });
    const ask = (n: number) => ({ variables: { N: String(n), LOG: warm.file("log") } });
    const underWay = await Promise.all(
      Array.from({ length: 8 }, (_, n) => warm.launch("", { ...ask(n), stdin: "pipe" })),
    );
    const parent = parentOf(underWay[0].pid);
    const early = Array.from({ length: 10 }, (_, i) => warm.run("", { ...ask(8 + i), stdin: mebibyte }));
    if (ms !== undefined) await new Promise((resolve) => setTimeout(resolve, ms));
    Deno.kill(parent, "SIGKILL");
    const late = Array.from({ length: 10 }, (_, i) => warm.run("", { ...ask(18 + i), stdin: mebibyte }));
    const slow = underWay.map(async (child) => {
      const stdout = readAll(child.stdout);
      await child.stdin!.write(mebibyte);
      child.stdin!.close();
      return { stdout: await stdout, exit: await child.exit, done: await child.close() };
    });
    const outcomes = await within("all runs end", Promise.all([...slow, ...early, ...late]));
    outcomes.forEach(({ stdout, exit }, n) => {
      deepEqual({ n, ...exit }, { n, code: 0, signal: null });
      const body = bodyBytes(stdout);
      const head = `${n}\n`.length;
      equal(fromLatin1(body.subarray(0, head)), `${n}\n`);
      deepEqual(body.subarray(head), mebibyte, `run ${n} has not got its whole answer`);
    });
    const log = (await Deno.readTextFile(warm.file("log"))).trim().split("\n").map(Number);
    deepEqual(log.sort((a, b) => a - b), Array.from({ length: 28 }, (_, n) => n));
    equal(warm.launcher.state.kind, "failed");
  }));
});

Deno.test("a parent that dies again and again is started ever more rarely, and runs are cold meanwhile", async () => {
  await using warm = await Warm.start();
  const waits: number[] = [];
  for (let i = 0; i < 3; i++) {
    Deno.kill(await warm.parent(), "SIGKILL");
    await until("the death is noticed", () => warm.launcher.state.kind === "failed");
    const { state } = warm.launcher;
    if (state.kind === "failed") waits.push(state.retryAtMs - performance.now());
    equal(await warm.prints("print(os.getppid())"), `${Deno.pid}\n`);
    equal(warm.launcher.state.kind, "failed", "it is not started again at once");
    if (i < 2) await warm.ready();
  }
  ok(waits[0] <= 500 && waits[1] > 500 && waits[1] <= 1000 && waits[2] > 1000 && waits[2] <= 2000, `${waits}`);
  equal(warm.said.filter((line) => /died/.test(line)).length, 3);
});

Deno.test("a changed script is tried at once, however often it failed before", async () => {
  await using warm = await Warm.make({ "warm.py": "raise SystemExit(1)" });
  await warm.launcher.prepare();
  equal(warm.launcher.state.kind, "failed");
  await warm.write("warm.py", "");
  await warm.launcher.prepare();
  equal(warm.launcher.state.kind, "ready");
});

Deno.test("spares that are killed are replaced, and no run is lost with them", async () => {
  await using warm = await Warm.start();
  const parent = await warm.parent();
  const killed: number[] = [];
  const kill = async () => {
    const others = () => childrenOf(parent).filter((pid) => !killed.includes(pid) && processState(pid) !== "Z");
    await until("two wait", () => others().length >= 2);
    const spares = others().slice(0, 2); // with many at a time it would be given up
    for (const pid of spares) Deno.kill(pid, "SIGKILL");
    killed.push(...spares);
  };
  await kill();
  await until("others wait", () => childrenOf(parent).some((pid) => !killed.includes(pid)));
  equal(await warm.parent(), parent);
  await kill();
  // A process that dies takes the packet along that it has just been given.
  equal(await warm.prints("print('served')"), "served\n");
  equal(await warm.parent(), parent);
});

Deno.test("children that die as soon as they are forked make it cold", async () => {
  // Every process of the program has it run what the user wants behind a fork.
  await using warm = await Warm.make({
    "warm.py": "import os; os.register_at_fork(after_in_child=lambda: os._exit(7))",
  });
  await warm.launcher.prepare();
  await until("it is given up", () => warm.launcher.state.kind === "failed");
  equal(await warm.prints("print(os.getppid())"), `${Deno.pid}\n`);
  match(warm.said.join(), /children die/);
});

Deno.test("a parent that can't fork is told of, and runs that wait for it are run cold in the end", async () => {
  const hook = `
import os
def fork(): raise OSError(11, "Resource temporarily unavailable")
os.fork = fork
`;
  await using warm = await Warm.start({ "warm.py": hook });
  equal(await warm.prints("print(os.getppid())"), `${Deno.pid}\n`);
  match(warm.said.join("\n"), /cannot fork a child: .*Resource temporarily unavailable/);
  equal(warm.launcher.state.kind, "failed");
});

Deno.test("a parent that has nothing to do for a quarter of an hour goes, and the next run brings another", async () => {
  await using warm = await Warm.start();
  const parent = await warm.parent();
  const now = performance.now;
  try {
    performance.now = () => now.call(performance) + 16 * 60_000;
    await until("it is let go", () => warm.launcher.state.kind === "idle");
  } finally {
    performance.now = now;
  }
  await until("no process is left", () => warm.processes().length === 0 && !isRunning(parent));
  equal(await warm.prints("print(os.getppid())"), `${Deno.pid}\n`);
  await warm.launcher.prepare();
  ok(await warm.parent() !== parent);
});

// What does not qualify

const refusals: Record<string, [hook: string, why: RegExp]> = {
  "starts a thread": [
    "import threading, time; threading.Thread(target=time.sleep, args=[1000], daemon=True).start()",
    /thread/,
  ],
  "opens a socket": ["import socket; kept = socket.socket(); __import__('sys').kept = kept", /socket/],
  "changes the folder": ["import os; os.chdir('/')", /working directory/],
  "changes the umask": ["import os; os.umask(0o007)", /umask/],
  "handles a signal": ["import signal; signal.signal(signal.SIGUSR1, lambda *_: None)", /signal/],
};

for (const [what, [hook, why]] of Object.entries(refusals)) {
  Deno.test(`a program that ${what} while it is loaded is refused, and run cold`, async () => {
    await using warm = await Warm.make({ "warm.py": hook });
    await warm.launcher.prepare();
    const { state } = warm.launcher;
    ok(state.kind === "refused", JSON.stringify([state, warm.said]));
    match(state.why, why);
    equal(await warm.prints("print(os.getppid())"), `${Deno.pid}\n`);
    equal(warm.launcher.state, state, "it is not tried again");
    await until("the parent has gone", () => warm.processes().length === 0);
    await warm.write("warm.py", "");
    await warm.run("pass");
    await warm.launcher.prepare();
    equal(warm.launcher.state.kind, "ready", "it is tried again when it has changed");
  });
}

Deno.test("a program that ends or fails while it is loaded is run cold, and says why", async () => {
  const hooks: [hook: string, why: RegExp][] = [
    ["import sys; sys.exit(0)", /exit code 0/],
    ["import os; os._exit(3)", /exit code 3/],
    ["raise ValueError('of the hook')", /of the hook/],
    ["import os; os.kill(os.getpid(), 9)", /SIGKILL/],
  ];
  for (const [hook, why] of hooks) {
    await using warm = await Warm.make({ "warm.py": hook });
    await warm.launcher.prepare();
    ok(warm.launcher.state.kind === "failed" || warm.launcher.state.kind === "refused", warm.launcher.state.kind);
    equal(await warm.prints("print('cold')"), "cold\n");
    await until("it is told", () => why.test(warm.said.join("\n")));
  }
});

Deno.test("a program that forks while it is loaded is served all the same, and what it forked goes with it", async () => {
  const hooks = ["import os, time\nif os.fork() == 0: time.sleep(1000)", "import os\nif os.fork() == 0: os._exit(3)"];
  for (const hook of hooks) {
    await using warm = await Warm.make({ "warm.py": hook });
    await warm.launcher.prepare();
    equal(await warm.prints("print('served')"), "served\n");
  }
});

// How it ends

Deno.test("a program that loads without end is given up when it is disposed", async () => {
  await using warm = await Warm.make({ "warm.py": "while True: pass" });
  const preparing = warm.launcher.prepare();
  equal(await warm.prints("print('cold')"), "cold\n");
  equal(warm.launcher.state.kind, "loading");
  const begin = performance.now();
  await warm.launcher[Symbol.asyncDispose]();
  await preparing;
  ok(performance.now() - begin < 1500, "it is not waited for");
  equal(warm.launcher.state.kind, "closed");
});

Deno.test("one that is disposed at any moment of its loading leaves nothing", async () => {
  const before = descriptors(Deno.pid).length;
  for (const ms of [undefined, 0, 1, 5, 20, 50, 80]) {
    await using warm = await Warm.make();
    const preparing = warm.launcher.prepare();
    if (ms !== undefined) await new Promise((resolve) => setTimeout(resolve, ms));
    await warm.launcher[Symbol.asyncDispose]();
    await preparing;
    equal(warm.launcher.state.kind, "closed");
    deepEqual(warm.processes(), []);
  }
  await until("the descriptors are closed", () => descriptors(Deno.pid).length <= before);
});

Deno.test("disposal waits for runs under way, which lose nothing, and leaves nothing", async () => {
  const before = descriptors(Deno.pid).length;
  {
    await using warm = await Warm.start();
    const underWay = await Promise.all([1, 2, 3].map(() => warm.launch(WAITS, { stdin: "pipe" })));
    const sent = [1, 2, 3].map((n) => warm.run(`print(${n})`)); // not begun yet
    let disposed = false;
    const disposing = warm.launcher[Symbol.asyncDispose]().then(() => disposed = true);
    deepEqual((await Promise.all(sent)).map(({ stdout }) => bodyOf(stdout)), ["1\n", "2\n", "3\n"]);
    equal(disposed, false);
    for (const child of underWay) {
      child.stdin!.close();
      equal(bodyOf(await readAll(child.stdout)), "over\n");
      deepEqual(await child.exit, { code: 0, signal: null });
      ok(await child.close());
    }
    await within("it is disposed", disposing);
    deepEqual(warm.processes(), []);
    equal(await warm.prints("print(os.getppid())"), `${Deno.pid}\n`, "what comes later is cold");
  }
  await until("the descriptors are closed", () => descriptors(Deno.pid).length <= before);
});

Deno.test("when the server is killed, its parents and their children end by themselves", async () => {
  const mark = crypto.randomUUID();
  const server = `
import { eitherWay, makeWarm, pythonSettings } from ${JSON.stringify(new URL("tests/support/warm.ts", root).href)};
const settings = pythonSettings(Deno.args[0], { env: { MARK: ${JSON.stringify(mark)} } });
const launcher = makeWarm(settings);
await launcher.prepare();
const child = await launcher.launch(eitherWay(settings, { stdin: "pipe", variables: { CODE: "sys.stdin.read()" } }));
console.log(launcher.state.kind, child.pid);
setInterval(() => {}, 1000);
`;
  await using folder = await makeFolder({ "script.py": ANY, "server.ts": server });
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--config", new URL("deno.json", root).pathname, folder.file("server.ts")]
      .concat(folder.file("script.py")),
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  match((await within("the server speaks", reader.read())).value!, /^ready \d+\n$/);
  ok(marked(mark).length >= 3, "a parent, a run and a spare");
  process.kill("SIGKILL");
  await process.status;
  await reader.cancel();
  await until("no process is left", () => marked(mark).length === 0);
});

/** Processes that run with this mark in their environment. */
function marked(mark: string): number[] {
  return [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter((pid) => {
    try {
      return pid > 0 && Deno.readTextFileSync(`/proc/${pid}/environ`).includes(mark);
    } catch {
      return false; // it has gone, or ended and waits to be reaped
    }
  });
}

function exists(file: string): boolean {
  try {
    return Deno.statSync(file).isFile;
  } catch {
    return false;
  }
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))![1]);
}

/** What stands behind the head of an answer. */
function bodyBytes(answer: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const head = fromLatin1(answer.subarray(0, 1000)).indexOf("\r\n\r\n");
  ok(head > 0, `there is no head in ${answer.byteLength} bytes`);
  return answer.subarray(head + 4);
}

function bodyOf(answer: Uint8Array<ArrayBuffer>): string {
  return fromLatin1(bodyBytes(answer));
}

/** Waits until a number has not grown for a while; gives it. */
async function stalled(progress: () => number): Promise<number> {
  let [last, times] = [-1, 0];
  await until("it stalls", () => {
    const now = progress();
    times = now === last ? times + 1 : 0;
    last = now;
    return times >= 10;
  });
  return last;
}
