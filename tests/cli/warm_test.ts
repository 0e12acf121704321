/** `sluice serve` with programs that are kept warm. */

import { equal, match, notEqual, ok } from "node:assert/strict";
import { makeFolder } from "../support/folder.ts";
import { childrenOf } from "../support/processes.ts";
import { serve } from "../support/serve.ts";
import { findCommand } from "../../src/process/find_command.ts";

const ignore = findCommand("perl") === undefined;
if (ignore) console.log("not tested: warm programs of the command line, because perl is not installed");

async function ask(url: string): Promise<string> {
  return await (await fetch(url)).text();
}

const PROCESS = `our $calls = 0; $calls++; print "$$ $calls ", getppid(), "\\n";`;

Deno.test({ name: "serve keeps a program warm, says so, and gives each request a fresh process", ignore }, async () => {
  await using folder = await makeFolder({ "process.pl": PROCESS });
  await using server = await serve([folder.file("process.pl")]);
  match(server.stderr, /^sluice serve: \S.*process\.pl is kept warm: a fresh perl process for each request/m);
  const answers = [await ask(server.url), await ask(server.url)].map((answer) => answer.trim().split(" "));
  notEqual(answers[0][0], answers[1][0]);
  for (const [, calls, parent] of answers) {
    equal(calls, "1");
    equal(parent, answers[0][2], "both were forked by one parent");
    ok(childrenOf(server.pid).includes(Number(parent)), "which the server has started");
  }
});

Deno.test({ name: "serve --warm 0 starts each process itself and says nothing of warm ones", ignore }, async () => {
  await using folder = await makeFolder({ "process.pl": PROCESS });
  for (const settings of [{ args: ["--warm", "0"] }, { args: [], env: { SLUICE_WARM: "0" } }]) {
    await using server = await serve([...settings.args, folder.file("process.pl")], settings);
    const [, , parent] = (await ask(server.url)).trim().split(" ");
    equal(Number(parent), server.pid);
    ok(!server.stderr.includes("warm"), server.stderr);
  }
});

Deno.test({ name: "serve says why a program can't be kept warm, and serves it cold", ignore }, async () => {
  await using folder = await makeFolder({ "here.pl": `print "here\\n";`, "warm.pl": `chdir "/"; 1;` });
  await using server = await serve([folder.file("here.pl")]);
  match(server.stderr, /^sluice serve: \S.*here\.pl is started cold: .*working directory/m);
  equal(await ask(server.url), "here\n");
});

Deno.test({ name: "serve uses a changed script for the next request", ignore }, async () => {
  await using folder = await makeFolder({ "word.pl": `print "one\\n";` });
  await using server = await serve([folder.file("word.pl")]);
  equal(await ask(server.url), "one\n");
  await new Promise((resolve) => setTimeout(resolve, 10)); // a source is looked at every 5 ms
  await Deno.writeTextFile(folder.file("word.pl"), `print "two and more\\n";`);
  equal(await ask(server.url), "two and more\n");
});
