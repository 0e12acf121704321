/** Units of systemd that projects have: what they name, and who runs them. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { outOfReach, type UnitFacts, writeUnit } from "../../../src/cli/init/unit.ts";
import { makeFolder } from "../../support/folder.ts";

const facts: UnitFacts = {
  name: "prices",
  port: 8080,
  folder: "/srv/my prices",
  command: ["/opt/sluice"],
  interpreter: "/usr/bin/perl",
  runtime: undefined,
};
const isRoot = Deno.uid() === 0;

/** Values of a setting, in the order of the unit. */
function values(setting: string, changes: Partial<UnitFacts> = {}): string[] {
  const unit = writeUnit({ ...facts, ...changes });
  return [...unit.matchAll(new RegExp(`^${setting}=(.*)$`, "gm"))].map(([, value]) => value);
}

Deno.test("writeUnit() names the command and the project by absolute paths", () => {
  deepEqual(values("ExecStart"), ['/opt/sluice gateway -c "/srv/my prices/sluice.toml"']);
  deepEqual(values("CacheDirectory"), ["prices"]);
});

Deno.test("writeUnit() looks for commands where the interpreter and Deno were found, and then where systemd does", () => {
  const [usual] = values("Environment");
  match(usual, /^PATH=\/usr\/local\/sbin:[^ ]*:\/bin$/);
  const [more] = values("Environment", { interpreter: "/home/ada/.ruby 3/bin/ruby", runtime: "/opt/deno/deno" });
  equal(more, `"PATH=/home/ada/.ruby 3/bin:/opt/deno:${usual.slice("PATH=".length)}"`);
});

Deno.test("writeUnit() hides homes where nothing of the service lies in one, and lets it read them else", () => {
  deepEqual(values("ProtectHome"), ["yes"]);
  for (const path of ["/home/ada/x", "/root/x"]) {
    for (const key of ["folder", "interpreter", "runtime"]) {
      deepEqual(values("ProtectHome", { [key]: path }), ["read-only"]);
    }
    deepEqual(values("ProtectHome", { command: ["/usr/bin/deno", "run", path] }), ["read-only"]);
  }
});

Deno.test("writeUnit() gives no capability but that to listen below 1024, where it is needed", () => {
  deepEqual([values("CapabilityBoundingSet"), values("AmbientCapabilities")], [[""], []]);
  const bind = ["CAP_NET_BIND_SERVICE"];
  deepEqual([values("CapabilityBoundingSet", { port: 80 }), values("AmbientCapabilities", { port: 80 })], [bind, bind]);
});

Deno.test("writeUnit() never runs a service as root", () => {
  deepEqual(values("DynamicUser"), isRoot ? ["yes"] : []);
  for (const user of values("User")) ok(user !== "root" && user !== "0");
  equal(values("User").length, isRoot ? 0 : 1);
});

Deno.test({
  name: "outOfReach() tells what a user that systemd makes can't read: a closed folder above it, or the file itself",
  ignore: !isRoot,
  fn: async () => {
    await using folder = await makeFolder({ "sluice.toml": "" });
    const here = { ...facts, folder: folder.path };
    Deno.chmodSync(folder.path, 0o755);
    equal(outOfReach(here), undefined);
    Deno.chmodSync(folder.file("sluice.toml"), 0o600);
    equal(outOfReach(here), folder.file("sluice.toml"));
    Deno.chmodSync(folder.file("sluice.toml"), 0o644);
    Deno.chmodSync(folder.path, 0o700);
    equal(outOfReach(here), folder.file("sluice.toml"));
    equal(outOfReach({ ...facts, interpreter: folder.file("none") }), folder.file("none"));
  },
});
