/** What processes used, held against programs whose size is known. */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { type ExitReport, program } from "../../mod.ts";
import { findPerl } from "../../src/process/apart.ts";
import { findCommand } from "../../src/process/find_command.ts";
import { whyInexact } from "../../src/process/launchers.ts";
import { makeFolder } from "../support/folder.ts";
import { candidates, complete, run, shell } from "../support/launchers.ts";
import { descriptors, isRunning } from "../support/processes.ts";
import { fromLatin1 } from "../support/sources.ts";
import { until } from "../support/within.ts";

const MiB = 1024 * 1024;
const why = whyInexact() ?? (findCommand("gcc") ? undefined : "for want of a C compiler");
const ignore = why !== undefined;
if (why) console.log(`not tested: exact usage: ${why}`);
const { launcher } = candidates[0];

/** Touches so many MiB, burns so many milliseconds, and says the largest size that the kernel knows of it, KiB. */
const SIZED = `#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
int main(int argc, char **argv) {
  size_t bytes = strtoul(argv[1], 0, 10) << 20;
  clock_t until = clock() + strtoul(argv[2], 0, 10) * (CLOCKS_PER_SEC / 1000);
  volatile char *memory = malloc(bytes + 1);
  for (size_t i = 0; i < bytes; i += 4096) memory[i] = 1;
  while (clock() < until) memory[0]++;
  char line[256];
  FILE *status = fopen("/proc/self/status", "r");
  while (fgets(line, sizeof line, status)) if (!strncmp(line, "VmHWM:", 6)) printf("%s", line + 6);
}
`;

async function compile(source: string): Promise<{ path: string } & AsyncDisposable> {
  const folder = await makeFolder({ "sized.c": source });
  const args = ["-O1", "-o", folder.file("sized"), folder.file("sized.c")];
  const { success, stderr } = await new Deno.Command("gcc", { args }).output();
  ok(success, new TextDecoder().decode(stderr));
  return { path: folder.file("sized"), [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

Deno.test({ ignore, name: "exact usage tells a program's own memory, however large the server is" }, async () => {
  await using sized = await compile(SIZED);
  const ballast = new Uint8Array(100 * MiB).fill(1);
  for (const size of [4, 16, 64]) {
    const argv = [sized.path, String(size), "0"] as const;
    const exact = await run(launcher, { argv: [...argv], exactUsage: true });
    const peak = parseInt(fromLatin1(exact.stdout)) * 1024;
    const { maxRssBytes, isExact } = exact.usage!;
    ok(isExact);
    ok(Math.abs(maxRssBytes - peak) <= 512 * 1024, `${maxRssBytes} is told of ${peak}`);
    const usual = await run(launcher, { argv: [...argv] });
    ok(usual.usage!.maxRssBytes >= ballast.byteLength && !usual.usage!.isExact);
  }
  const smallest = await run(launcher, { argv: ["/bin/true"], exactUsage: true });
  ok(smallest.usage!.maxRssBytes < 4 * MiB, `${smallest.usage!.maxRssBytes} is told of the smallest program`);
});

Deno.test({ ignore, name: "exact usage tells the processor time of the program alone" }, async () => {
  await using sized = await compile(SIZED);
  const { usage } = await run(launcher, { argv: [sized.path, "0", "300"], exactUsage: true });
  const used = usage!.userMs + usage!.systemMs;
  ok(used >= 290 && used < 400, `${used} ms are told of 300`);
});

Deno.test({ ignore, name: "a program that is measured exactly finds all as it is otherwise" }, async () => {
  // SigQ is left out: it counts what is queued for all processes of the user.
  const line = 'grep -E "^(Sig[^Q]|Shd)" /proc/$$/status; env; ls /proc/$$/fd; cat; exec 2>&1; echo "$@"; exit 7';
  const env = { PATH: "/usr/bin:/bin", LANG: "xx_YY.nowhere", "a.b": "1", PERL5LIB: "/nowhere" };
  const spec = { argv: shell(line, "", "a b", "-e", "--"), env, stdin: new TextEncoder().encode("in\n") };
  const [exact, usual] = [await run(launcher, { ...spec, exactUsage: true }), await run(launcher, spec)];
  deepEqual([fromLatin1(exact.stdout), exact.stderr, exact.exit], [fromLatin1(usual.stdout), usual.stderr, usual.exit]);
});

Deno.test(
  { ignore, name: "a program that is measured exactly leads a session and a group, which are ended with it" },
  async () => {
    const child = await launcher.launch(
      complete({
        argv: shell("sleep 1000 & echo $!; ps -o sid=,pgid= -p $$; wait"),
        env: { PATH: "/usr/bin:/bin" },
        exactUsage: true,
      }),
    );
    let text = "";
    while (text.split("\n").length < 3) text += fromLatin1((await child.stdout.read())!);
    const [sleeper, ids] = text.split("\n");
    deepEqual(ids.trim().split(/ +/).map(Number), [child.pid, child.pid]);
    child.signal("SIGTERM");
    equal((await child.exit).signal, "SIGTERM");
    await child.close();
    await until("the sleeper has gone", () => !isRunning(Number(sleeper)));
  },
);

Deno.test({
  ignore,
  name: "a program that can't be started is refused, and nothing is left of the attempt",
}, async () => {
  await using folder = await makeFolder({ text: "echo\n" });
  await Deno.chmod(folder.file("text"), 0o755);
  const open = descriptors(Deno.pid).length;
  for (const name of ["text", "never-there", ""]) {
    const launched = launcher.launch(complete({ argv: [folder.file(name)], exactUsage: true }));
    await rejects(launched, { name: "ProgramError", code: "start" }, name);
  }
  await until("its descriptors are closed", () => descriptors(Deno.pid).length <= open);
  await rejects(launcher.launch(complete({ argv: ["/bin/true"], cwd: "/never-there", exactUsage: true })), {
    name: "ProgramError",
  });
  // What only Perl is told comes back in the same words, too.
  await Deno.copyFile("/bin/true", folder.file("busy"));
  using _held = await Deno.open(folder.file("busy"), { append: true });
  await rejects(launcher.launch(complete({ argv: [folder.file("busy")], exactUsage: true })), {
    name: "ProgramError",
    message: /the file is being written to/,
  });
});

Deno.test({ ignore, name: "program() reports exact usage when it is asked for, with limits too" }, async () => {
  const exits: ExitReport[] = [];
  for (const resources of [undefined, { cpuMs: 5000 }]) {
    await using shout = program({
      command: ["tr", "a-z", "A-Z"],
      exactUsage: true,
      resources,
      onExit: (report) => void exits.push(report),
    });
    equal(await (await shout(new Request("http://localhost/", { method: "POST", body: "hello" }))).text(), "HELLO");
  }
  for (const { usage } of exits) ok(usage!.isExact && usage!.maxRssBytes < 8 * MiB, String(usage!.maxRssBytes));
  equal(exits.length, 2);
  ok(findPerl());
});
