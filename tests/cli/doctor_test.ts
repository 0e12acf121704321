/** `sluice doctor`: what this host allows. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { doctorTable } from "../../src/cli/doctor/doctor_run.ts";
import type { HostFact } from "../../src/process/host/fact.ts";
import { makeFolder } from "../support/folder.ts";
import { canInject } from "../support/loom_faults.ts";
import { startCli } from "../support/live_cli.ts";
import { runCli } from "../support/serve.ts";
import { until } from "../support/within.ts";

interface Row {
  name: string;
  verdict: "ok" | "warn" | "bad";
  found: string;
  mend: string | null;
}

const NAMES = [
  ...["deno", "launcher", "ffi", "process groups", "exact memory", "rlimits"],
  ...["cgroup v2", "cgroup memory", "cgroup pids", "cgroup cpu"],
  ...["open files", "processes", "core files", "memory", "unix sockets", "ports", "ports below 1024"],
  ...["temp folder", "cache folder", "languages", "store", "clock"],
];

/** What it says, by name, with its exit code. */
async function examine(args: string[] = [], env: Record<string, string> = {}) {
  const { code, stdout } = await runCli(["doctor", "--json", ...args], { env });
  const rows: Row[] = JSON.parse(stdout);
  const bad = rows.filter(({ verdict }) => verdict === "bad").map(({ name, found }) => `${name}: ${found}`).join("; ");
  return { code, rows, bad, of: (name: string) => rows.find((row) => row.name === name)! };
}

Deno.test("doctor prints a table with a row for each thing that a host may allow", async () => {
  await using folder = await makeFolder();
  const { code, stdout, stderr } = await runCli(["doctor", "--data", folder.path]);
  deepEqual([code, stderr.replace(/^Download .*\n/gm, "")], [0, ""]);
  const [head, ...rows] = stdout.trimEnd().split("\n");
  match(head, /^WHAT +VERDICT +FOUND$/);
  deepEqual(rows.map((row) => row.split(/ {2,}/)[0]), NAMES);
  for (const row of rows) match(row, / {2}(ok|warn|bad) +\S/);
  deepEqual(folder.names(), [], "what was written to measure the disk is left");
});

Deno.test("doctor --json prints one array, in which whatever is not ok has something to do", async () => {
  await using folder = await makeFolder();
  const { code, rows, bad, of } = await examine(["--data", folder.path]);
  equal(code, 0, bad);
  deepEqual(rows.map(({ name }) => name), NAMES);
  for (const row of rows) {
    deepEqual(Object.keys(row), ["name", "verdict", "found", "mend"]);
    ok(row.found.length > 0);
    if (row.verdict === "ok") equal(row.mend, null);
  }
  equal(of("rlimits").verdict, "ok", of("rlimits").found);
  match(of("deno").found, /^\d+\.\d+\.\d+ .*, with all permissions$/);
  match(of("languages").found, /^\d+ of \d+ found/);
  match(of("open files").found, /^\d+ \(hard limit (\d+|unlimited)\): \d+ clients at a time$/);
  match(of("store").found, /: \w+, [\d.]+ GB free, \d+ syncs a second/);
  equal(of("ffi").verdict, of("launcher").verdict);
});

Deno.test("doctor says what is missing with what to do, and is done all the same", async () => {
  await using folder = await makeFolder();
  const env = { PATH: "/nowhere", XDG_RUNTIME_DIR: "/proc/nowhere" };
  const { code, bad, of } = await examine(["--data", folder.path], env);
  equal(code, 0, bad);
  deepEqual(
    [of("exact memory").verdict, of("exact memory").found, of("exact memory").mend],
    ["warn", "it needs Perl", "apt-get install perl"],
  );
  match(of("languages").found, /missing of the common ones: .*python/);
  deepEqual([of("unix sockets").verdict, of("unix sockets").mend?.startsWith("set XDG_RUNTIME_DIR")], ["warn", true]);
});

Deno.test("a port that is taken is told", async () => {
  using listener = tryListen(8080);
  const { of } = await examine();
  ok(listener === undefined || of("ports").found.includes("8080"));
  deepEqual([of("ports").verdict, of("ports").mend], ["warn", "take others with --port"]);
});

/** Undefined where somebody else has it: then it is taken all the same. */
function tryListen(port: number): Deno.Listener | undefined {
  try {
    return Deno.listen({ hostname: "127.0.0.1", port });
  } catch {
    return undefined;
  }
}

Deno.test("doctor ends with 1 when something is bad", async () => {
  await using folder = await makeFolder({ "file": "" });
  const store = await examine(["--data", folder.file("file")]);
  deepEqual([store.code, store.of("store").verdict], [1, "bad"]);
  match(store.of("store").found, /is no folder/);
  if (!Deno.env.has("SLUICE_EXECUTABLE")) { // which says the same by itself: it has to unpack there
    const cache = await examine(["--data", folder.path], { SLUICE_CACHE_DIR: "/proc/nowhere" });
    deepEqual([cache.code, cache.of("cache folder").verdict], [1, "bad"]);
    match(cache.of("cache folder").mend!, /SLUICE_CACHE_DIR/);
  }
  const temp = await examine(["--data", folder.path], { TMPDIR: folder.file("nowhere") });
  deepEqual([temp.code, temp.of("temp folder").verdict], [1, "bad"]);
});

Deno.test("a folder that is not there is told of, measured above, and not made", async () => {
  await using folder = await makeFolder();
  const { code, bad, of } = await examine(["--data", folder.file("a/b/c")]);
  equal(code, 0, bad);
  match(of("store").found, /\/a\/b\/c \(not made yet\): \w+, /);
  deepEqual(folder.names(), []);
  const { of: homeless } = await examine([], { HOME: "", XDG_DATA_HOME: "", SLUICE_DATA: "" });
  deepEqual([homeless("store").verdict, homeless("store").mend], ["warn", "name a folder with --data"]);
});

Deno.test("doctor that is interrupted leaves no file behind, and ends with 130", async () => {
  await using folder = await makeFolder();
  await using cli = startCli(["doctor", "--data", folder.path]);
  await until("the disk is measured", () => folder.names().length > 0);
  cli.kill("SIGINT");
  deepEqual([await cli.code, cli.stdout], [130, ""]);
  deepEqual(folder.names(), []);
});

Deno.test({
  name: "a disk that does not answer keeps doctor from nothing else, and leaves no file behind",
  ignore: !await canInject(),
  fn: async () => {
    await using folder = await makeFolder();
    const delay = ["-e", "trace=fdatasync", "-e", "inject=fdatasync:delay_enter=15s"];
    const prefix = ["strace", "-f", "-qq", "-o", "/dev/null", ...delay];
    await using cli = startCli(["doctor", "--json", "--data", folder.path], { prefix });
    const [text] = await cli.said(/^\[\n[^]*\n\]\n$/);
    const rows: Row[] = JSON.parse(text);
    deepEqual(rows.map(({ name }) => name), NAMES);
    const store = rows.find(({ name }) => name === "store")!;
    deepEqual([store.verdict, /it did not answer in time/.test(store.found)], ["bad", true], store.found);
    deepEqual(folder.names(), []);
  },
});

Deno.test("each verdict has its colour, and what is to be done stands behind what was found", () => {
  const facts: HostFact[] = [
    { name: "one", verdict: "ok", found: "there" },
    { name: "two", verdict: "warn", found: "small", mend: "ulimit -n 9" },
    { name: "three", verdict: "bad", found: "\x1b[2J", mend: "mend it" },
  ];
  equal(
    doctorTable(facts, { columns: undefined, color: false }),
    "WHAT   VERDICT  FOUND\n" +
      "one    ok       there\n" +
      "two    warn     small; to do: ulimit -n 9\n" +
      "three  bad      \\x1b[2J; to do: mend it\n",
  );
  const colored = doctorTable(facts, { columns: 80, color: true });
  for (const piece of ["\x1b[32mok\x1b[0m", "\x1b[33mwarn\x1b[0m", "\x1b[31mbad\x1b[0m"]) ok(colored.includes(piece));
});
