/** `sluice doctor`: what this host allows. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { runCli } from "../support/serve.ts";

interface Fact {
  name: string;
  works: boolean;
  says: string;
}

const NAMES = [
  ...["launcher", "ffi", "exact memory", "rlimits", "cgroup v2", "cgroup memory", "cgroup pids", "cgroup cpu"],
  ...["open files", "unix sockets", "ports below 1024", "interpreters"],
];

Deno.test("doctor prints a table with a row for each thing that a host may allow", async () => {
  const { code, stdout, stderr } = await runCli(["doctor"]);
  deepEqual([code, stderr.replace(/^Download .*\n/gm, "")], [0, ""]);
  const [head, ...rows] = stdout.trimEnd().split("\n");
  match(head, /^WHAT +HERE +HOW, OR WHY NOT$/);
  deepEqual(rows.map((row) => row.split(/ {2,}/)[0]), NAMES);
  for (const row of rows) match(row, / {2}(yes|no) +\S/);
});

Deno.test("doctor --json prints one array that says the same", async () => {
  const { code, stdout } = await runCli(["doctor", "--json"]);
  equal(code, 0);
  const facts: Fact[] = JSON.parse(stdout);
  deepEqual(facts.map(({ name }) => name), NAMES);
  for (const { says, works } of facts) ok(says.length > 0 && typeof works === "boolean");
  const of = (name: string) => facts.find((fact) => fact.name === name)!;
  equal(of("rlimits").works, true, of("rlimits").says);
  match(of("interpreters").says, /^\d+ of \d+ languages/);
  equal(of("ffi").works, of("launcher").works);
});

Deno.test("doctor says what is missing, and is done all the same", async () => {
  const { code, stdout } = await runCli(["doctor"], { env: { PATH: "/nowhere", XDG_RUNTIME_DIR: "/proc/nowhere" } });
  equal(code, 0);
  match(stdout, /^exact memory +no +it needs Perl$/m);
  match(stdout, /^unix sockets +no +\/proc\/nowhere: /m);
});
