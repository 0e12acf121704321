/** `sluice init` at a terminal: what it asks, and that whoever leaves leaves nothing behind. */

import { deepEqual, doesNotMatch, equal, match } from "node:assert/strict";
import { findCommand } from "../../../src/process/find_command.ts";
import { startCli } from "../../support/live_cli.ts";
import { contents, makeProjectPlace, type ProjectPlace } from "../../support/new_project.ts";

const CTRL_C = "\x03";
const CTRL_D = "\x04";
/** What ends by SIGINT ends a shell with this. */
const BY_SIGINT = 130;
/** Makes a terminal for a command, its standard streams, and ends with its exit code. */
const ignore = findCommand("script") === undefined;

function initAtTerminal({ folder, env }: ProjectPlace, ...args: string[]) {
  const line = `cd '${folder.path}' && exec sluice init ${args.join(" ")}`;
  return startCli(["--quiet", "--flush", "--return", "--command", line, "/dev/null"], {
    program: "script",
    env: { ...env, SHELL: "/bin/sh" },
  });
}

Deno.test({
  name:
    "sluice init asks for name, language and port; an empty answer is the one in brackets, a wrong one is asked again",
  ignore,
  fn: async () => {
    await using place = await makeProjectPlace();
    await using init = initAtTerminal(place);
    await init.said(/Name \[hello\]: /);
    await init.write("Two Words\n");
    await init.said(/Cannot call a project "Two Words": [^]*Name \[hello\]: /);
    await init.write("prices\n");
    await init.said(/Language: python, [^]*\[python\]: /);
    await init.write("bsh\n");
    await init.said(/did you mean bash\?[^]*\[python\]: /);
    await init.write("sh\n");
    await init.said(/Port \[8080\]: /);
    await init.write("\n");
    equal(await init.code, 0);
    match(
      init.stdout,
      /sluice init: wrote prices\/hello\.sh\r\n[^]*serve it with sluice gateway -c prices\/sluice\.toml --watch\r\n$/,
    );
    deepEqual(place.folder.names(), ["prices"]);
    match(contents(place.folder.path)["prices/sluice.toml"], /^listen = "127\.0\.0\.1:8080"$/m);
  },
});

Deno.test({
  name: "Ctrl-C and Ctrl-D at a question leave nothing behind",
  ignore,
  fn: async () => {
    await using place = await makeProjectPlace();
    for (const [key, code] of [[CTRL_C, BY_SIGINT], [CTRL_D, 1]] as const) {
      await using init = initAtTerminal(place, "--name", "prices");
      await init.said(/\[python\]: /);
      await init.write(key);
      equal(await init.code, code);
      doesNotMatch(init.stdout, /wrote/);
      deepEqual(place.folder.names(), []);
    }
  },
});

Deno.test({
  name: "sluice init asks nothing when all is given, nor with --yes, nor for what was given wrongly",
  ignore,
  fn: async () => {
    await using place = await makeProjectPlace();
    const cases: [string[], number][] = [
      [["bash", "--name", "a", "--port", "1234"], 0],
      [["--yes", "--dir", "b"], 0],
      [["--name", "No"], 2],
      [["pyhton"], 2],
    ];
    for (const [args, code] of cases) {
      await using init = initAtTerminal(place, ...args);
      equal(await init.code, code);
      doesNotMatch(init.stdout, /\]: /);
    }
    deepEqual(place.folder.names().sort(), ["a", "b"]);
  },
});
