/** The services of systemd: that systemd understands them, how closed they are, and that their settings are right. */

import { equal, match, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { checkGateway } from "../../src/gateway/check_gateway.ts";
import { checkUp } from "../../src/cli/up/up_run.ts";
import { loadLoomFile } from "../../src/cli/streams/loom_file.ts";
import { findCommand } from "../../src/process/find_command.ts";
import { serviceNames } from "../../scripts/build/tree.ts";
import { makeFolder } from "../support/folder.ts";

const PACKAGING = fileURLToPath(new URL("../../packaging/", import.meta.url));
const ignore = findCommand("systemd-analyze") === undefined;

/** How exposed each is, as `systemd-analyze security` of 252 counts: 10 is without any bound. docs/install.md says it. */
const EXPOSURE: Readonly<Record<string, number>> = {
  "sluice-gateway.service": 2.0,
  "sluice-loom.service": 1.3,
  "sluice-node.service": 1.6,
  "sluice-registry.service": 1.3,
  "sluice-up.service": 2.0,
};

for (const name of serviceNames()) {
  Deno.test({
    name: `systemd understands all of ${name}, which is as closed as the documentation says`,
    ignore,
    fn: async () => {
      await using folder = await makeFolder({ sluice: "#!/bin/sh\n" });
      // Where the program is not installed, another one stands for it; nor are there manual pages yet.
      const text = (await Deno.readTextFile(`${PACKAGING}systemd/${name}`))
        .replaceAll("/usr/bin/sluice", "/usr/bin/env").replace(/^Documentation=.*\n/m, "");
      await Deno.writeTextFile(folder.file(name), text);
      const { code, stderr } = await analyze("verify", folder.file(name));
      const about = stderr.split("\n").filter((line) => line.includes(name));
      equal(about.join("\n"), "");
      equal(code, 0, stderr);
      const { stdout } = await analyze("security", "--offline=true", folder.file(name));
      const [, exposure] = /Overall exposure level for \S+: (\d+\.\d+)/.exec(stdout) ?? [];
      // Other versions of systemd count a little differently.
      ok(Number(exposure) <= EXPOSURE[name] + 0.3, `${name} is exposed by ${exposure}`);
    },
  });

  Deno.test(`${name} gives the command the time that it takes to stop, and starts it again when a reload came too early`, async () => {
    const text = await Deno.readTextFile(`${PACKAGING}systemd/${name}`);
    ok(Number(/^TimeoutStopSec=(\d+)s$/m.exec(text)![1]) > 10, "10 s is the longest grace by default");
    match(text, /^KillMode=mixed$/m);
    // SIGHUP counts as a clean end, so a reload that came before the command listens to it would be the end of the service.
    equal(/^ExecReload=/m.test(text), /^RestartForceExitStatus=SIGHUP$/m.test(text));
    match(text, /^ExecStart=\/usr\/bin\/sluice (gateway|loom|registry listen|node|up)\b/m);
  });
}

Deno.test("the settings that the services read are right as they are", async () => {
  equal((await checkGateway(`${PACKAGING}etc/gateway.toml`)).routes, 1);
  equal(loadLoomFile(`${PACKAGING}etc/loom.toml`).port, 3060);
  await checkUp(`${PACKAGING}etc/sluice.toml`);
  await checkUp(`${PACKAGING}docker/sluice.toml`);
});

Deno.test("the settings that the services read name every variable that they show", async () => {
  for (const [file, unit] of [["registry.env", "sluice-registry"], ["node.env", "sluice-node"]]) {
    const text = await Deno.readTextFile(`${PACKAGING}etc/${file}`);
    const names = [...text.matchAll(/^(?:# )?([A-Z_]+)=/gm)].map(([, name]) => name);
    const service = await Deno.readTextFile(`${PACKAGING}systemd/${unit}.service`);
    for (const name of names.filter((name) => !name.startsWith("SLUICE_"))) ok(service.includes(`$${name}`), name);
    ok(names.length > 2);
  }
});

async function analyze(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command("systemd-analyze", { args }).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}
