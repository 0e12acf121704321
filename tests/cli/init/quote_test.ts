/** Words that no other file takes for more than words. */

import { deepEqual, equal, match, throws } from "node:assert/strict";
import { fill } from "../../../src/cli/init/fill.ts";
import { shellWord, sourceWords, unitCommand, unitWord } from "../../../src/cli/init/quote.ts";
import { findCommand } from "../../../src/process/find_command.ts";
import { makeFolder } from "../../support/folder.ts";
import { runLine } from "../../support/new_project.ts";

const odd = `it's "$HOME" \${x} #{y} @z %i \\ ; \`id\``;

Deno.test("shellWord() and sourceWords() give back what they were given", async () => {
  const { stdout } = await runLine(`printf '%s|' ${sourceWords([odd, "plain-1", ""], "shell")}`, "/", {});
  equal(stdout, `${odd}|plain-1||`);
  deepEqual(JSON.parse(`[${sourceWords([odd, "b"], "json")}]`), [odd, "b"]);
  equal(sourceWords([odd], "single"), `'${odd.replace("\\", "\\\\").replace("'", "\\'")}'`);
  equal(shellWord("/usr/bin/x-1"), "/usr/bin/x-1");
});

Deno.test("unitWord() leaves systemd nothing to replace", () => {
  equal(unitWord("/srv/a%i"), "/srv/a%%i");
  equal(unitWord('a "b" \\'), '"a \\"b\\" \\\\"');
  equal(unitCommand(["/x", "$a"]), ':/x "$a"');
  equal(unitCommand(["/x", "a"]), "/x a");
});

Deno.test({
  name: "unitCommand() names an executable so that systemd finds it, whatever its name",
  ignore: findCommand("systemd-analyze") === undefined,
  fn: async () => {
    const name = odd.replace(/["'\\]/g, "");
    await using folder = await makeFolder({ [name]: "#!/bin/sh\n" });
    const verify = async (file: string) => {
      const command = unitCommand([folder.file(file), "a b", odd]);
      await Deno.writeTextFile(folder.file("x.service"), `[Service]\nExecStart=${command}\n`);
      return await runLine("systemd-analyze verify ./x.service", folder.path, {});
    };
    deepEqual(await verify(name), { code: 0, stdout: "", stderr: "" });
    match((await verify(`${name}x`)).stderr, /is not executable/);
    deepEqual(await verify(odd), { code: 0, stdout: "", stderr: "" }, "systemd takes none with quotes: env does");
  },
});

Deno.test("fill() fills each place once, and none that it has no value for", () => {
  equal(fill('{{a}} ["{{sluice}}"] {{b}}', { a: "{{b}}", b: "$&" }, "'w'"), "{{b}} ['w'] $&");
  throws(() => fill("{{toString}}", {}), /asks for toString, which has no value/);
});
