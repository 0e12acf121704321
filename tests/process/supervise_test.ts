/** Commands that are kept running, in front of real processes: each writes what it does to a lifeline. */

import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Exit } from "../../src/errors.ts";
import { supervise, type Supervised, type SuperviseOptions } from "../../src/process/supervise.ts";
import { makeFolder } from "../support/folder.ts";
import { type Lifeline, makeLifeline } from "../support/lifeline.ts";
import { isRunning } from "../support/processes.ts";
import { Transcript } from "../support/serve.ts";
import { withVariables } from "../support/variables.ts";
import { until, within } from "../support/within.ts";

const AT_ONCE = { firstMs: 1, mostMs: 1 };
const NEVER = { firstMs: 1e9, mostMs: 1e9 };

/** What was told of a command. */
interface Told {
  readonly starts: number[];
  readonly ends: { readonly exit: Exit; readonly restartInMs: number | undefined }[];
  /** Resolves at the end with this number, from 1. */
  ended(count: number): Promise<void>;
}

/** Runs a line of shell; with a lifeline, its standard output is that. It must not be started again then. */
function superviseShell(
  line: string,
  lifeline?: Lifeline,
  options: Partial<SuperviseOptions> = {},
): { readonly supervised: Supervised; readonly told: Told } {
  const starts: Told["starts"] = [];
  const ends: Told["ends"] = [];
  const supervised = supervise({
    command: lifeline ? ["sh", "-c", `exec >"$1"; ${line}`, "sh", lifeline.path] : ["sh", "-c", line],
    onStart: (pid) => starts.push(pid),
    onExit: (exit, restartInMs) => ends.push({ exit, restartInMs }),
    backoff: lifeline ? NEVER : AT_ONCE,
    ...options,
  });
  const ended = (count: number) => until(`end number ${count}`, () => ends.length >= count);
  return { supervised, told: { starts, ends, ended } };
}

Deno.test("a command that ends is started again, and each end is told", async () => {
  const { supervised, told } = superviseShell("exit 3");
  await told.ended(3);
  await supervised.stop();
  ok(told.starts.length >= 3);
  equal(new Set(told.starts).size, told.starts.length);
  deepEqual(told.ends[0].exit, { code: 3, signal: null });
  ok(told.ends[0].restartInMs! <= 1);
});

Deno.test("pauses grow while a command fails at once, and begin anew when it has run for long enough", async () => {
  await using folder = await makeFolder({ "runs": "" });
  // The fourth run is longer than what counts as steady.
  const line = `echo >>'${folder.file("runs")}'; test "$(wc -l <'${folder.file("runs")}')" -ne 4 || sleep 0.6`;
  const { supervised, told } = superviseShell(line, undefined, {
    backoff: { firstMs: 8, mostMs: 32 },
    steadyMs: 500,
  });
  await told.ended(5);
  await supervised.stop();
  const pauses = told.ends.slice(0, 5).map(({ restartInMs }) => restartInMs!);
  for (const [i, most] of [8, 16, 32, 8, 16].entries()) {
    ok(pauses[i] >= most / 4 && pauses[i] <= most, `pause ${i} was ${pauses[i]} ms, of ${most}`);
  }
});

Deno.test("stopping ends the command and its descendants, and says so after they have ended", async () => {
  await using folder = await makeFolder();
  await using lifeline = await makeLifeline(folder);
  const { supervised, told } = superviseShell("sleep 1000 & echo up; wait", lifeline);
  equal(await lifeline.line(), "up");
  ok(isRunning(supervised.pid!));
  await supervised.stop();
  await lifeline.gone();
  equal(supervised.pid, undefined);
  deepEqual(told.ends, [{ exit: { code: null, signal: "SIGTERM" }, restartInMs: undefined }]);
  await supervised.done;
  await supervised.stop();
  supervised.kill("SIGTERM");
  equal(told.starts.length, 1);
});

Deno.test("a command that ignores SIGTERM, and a descendant that does, get SIGKILL", async () => {
  await using folder = await makeFolder();
  await using lifeline = await makeLifeline(folder);
  const deaf = "trap '' TERM; (sleep 1000; sleep 1000) & echo up; wait; sleep 1000";
  const { supervised, told } = superviseShell(deaf, lifeline);
  equal(await lifeline.line(), "up");
  await supervised.stop();
  await lifeline.gone();
  deepEqual(told.ends[0].exit, { code: null, signal: "SIGKILL" });
});

Deno.test("a descendant that outlives its command is ended before the command is started again", async () => {
  await using folder = await makeFolder();
  await using lifeline = await makeLifeline(folder);
  const { supervised, told } = superviseShell("sleep 1000 & echo $!", lifeline);
  const descendant = Number(await lifeline.line());
  await told.ended(1);
  equal(isRunning(descendant), false);
  await supervised.stop();
});

Deno.test("a signal is passed on to the command and its descendants", async () => {
  await using folder = await makeFolder();
  await using lifeline = await makeLifeline(folder);
  // Each says that it listens before the first signal: one that comes too early would end it.
  const line = "(trap 'echo child' HUP; echo up; while :; do sleep 0.02; done) & " +
    "trap 'echo parent' HUP; echo up; while kill -0 $!; do wait; done";
  const { supervised } = superviseShell(line, lifeline);
  deepEqual([await lifeline.line(), await lifeline.line()], ["up", "up"]);
  const heard = new Set<string>();
  while (heard.size < 2) {
    supervised.kill("SIGHUP");
    heard.add(await lifeline.line());
  }
  deepEqual([...heard].sort(), ["child", "parent"]);
  await supervised.stop();
});

Deno.test("a signal of the caller stops it, in the pause between two runs too", async () => {
  await using folder = await makeFolder();
  for (const line of ["echo up; sleep 1000", "echo up; exit 1"]) {
    await using lifeline = await makeLifeline(folder);
    const control = new AbortController();
    const { supervised, told } = superviseShell(line, lifeline, { signal: control.signal });
    equal(await lifeline.line(), "up");
    if (line.endsWith("exit 1")) await told.ended(1);
    control.abort();
    await within("the command has stopped", supervised.done);
    equal(told.starts.length, 1);
    equal(supervised.pid, undefined);
  }
  throws(() => superviseShell("exit", undefined, { signal: AbortSignal.abort(new Error("too late")) }), /too late/);
});

Deno.test("disposing it stops it", async () => {
  await using folder = await makeFolder();
  await using lifeline = await makeLifeline(folder);
  let pid: number;
  {
    await using supervised = superviseShell("echo up; sleep 1000", lifeline).supervised;
    await lifeline.line();
    pid = supervised.pid!;
  }
  equal(isRunning(pid), false);
});

Deno.test("a command that does not exist, or can't be started, is an error at once", async () => {
  await using folder = await makeFolder({ "text": "no program", "bad": "#!/no/such/interpreter\n" });
  const onStart = () => ok(false, "it was started");
  for (const name of ["no-such-command-here", folder.file("missing"), folder.file("text"), ""]) {
    throws(() => supervise({ command: [name], onStart }), {
      name: "NotFound",
      message: `Cannot run ${name || "an empty command"}: it is not on PATH, or not executable`,
    });
  }
  throws(() => supervise({ command: [folder.file("bad")], onStart }), {
    name: "ProgramError",
    message: /^Cannot start /,
  });
});

Deno.test("a command that is removed while it runs has ended with 127 until it is back", async () => {
  await using folder = await makeFolder({ "run": '#!/bin/sh\necho up >"$1"\nread line <"$2"\n' });
  await using lifeline = await makeLifeline(folder);
  await using gate = await makeLifeline(folder);
  const codes: (number | null)[] = [];
  const [run, away] = [folder.file("run"), folder.file("away")];
  await using _supervised = supervise({
    command: [run, lifeline.path, gate.path],
    onExit: ({ code }) => codes.push(code),
    backoff: { firstMs: 20, mostMs: 20 },
  });
  equal(await lifeline.line(), "up");
  Deno.renameSync(run, away);
  Deno.writeTextFileSync(gate.path, "go\n");
  await until("it can't be started", () => codes.includes(127));
  Deno.renameSync(away, run);
  const before = codes.length;
  await until("it is started again", () => codes.slice(before).every((code) => code === 127) && codes.length >= before);
});

Deno.test("it inherits our variables, but none of ours that may hold a secret, and its own come first", async () => {
  await using folder = await makeFolder();
  await using lifeline = await makeLifeline(folder);
  using _variables = withVariables({ SLUICE_TOKEN: "t0p", SLUICE_TOKENS: "t0p", TEST_KEPT: "kept", TEST_OVER: "old" });
  const { supervised } = superviseShell(
    'echo "${SLUICE_TOKEN-none} ${SLUICE_TOKENS-none} $TEST_KEPT $TEST_OVER $PORT"; sleep 1000',
    lifeline,
    { env: { TEST_OVER: "new", PORT: "8080" } },
  );
  equal(await lifeline.line(), "none none kept new 8080");
  await supervised.stop();
});

Deno.test("it has our standard input, output and error, and what we are told to pass on", async () => {
  const worker = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      fileURLToPath(new URL("../support/supervise_worker.ts", import.meta.url)),
      "sh",
      "-c",
      "trap 'echo hung up' HUP; read line; echo out $line; echo err $line >&2; while :; do sleep 0.02; done",
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [stdout, stderr] = [new Transcript(worker.stdout), new Transcript(worker.stderr)];
  const input = worker.stdin.getWriter();
  await input.write(new TextEncoder().encode("hello\n"));
  await within("it says what it read", Promise.all([stdout.match(/^out hello$/m), stderr.match(/^err hello$/m)]));
  worker.kill("SIGHUP");
  await within("it hears the signal", stdout.match(/^hung up$/m));
  worker.kill("SIGTERM");
  equal((await within("the worker ends", worker.status)).code, 0);
  await input.close().catch(() => {/* nobody reads it any more */});
  await within("nobody holds the output", Promise.all([stdout.ended, stderr.ended]));
  match(stderr.text, /^ended with null$/m);
});
