/** What the executable is made of, without making it. */

import { deepEqual, equal, match, rejects, throws } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { archive, type Entry } from "../../scripts/build/archive.ts";
import { bundleCli } from "../../scripts/build/bundle.ts";
import { restoreEnvironment } from "../../scripts/build/launched/environment.ts";
import { place, removeDebris, removeOldVersions } from "../../scripts/build/launched/place.ts";
import { targetNamed } from "../../scripts/build/targets.ts";
import { findCommand } from "../../src/process/find_command.ts";
import { makeFolder } from "../support/folder.ts";

const MODIFIED = new Date("2000-01-01T12:00:00Z");

function entry(name: string, text: string, mode = 0o600): Entry {
  const bytes = new TextEncoder().encode(text);
  const content = async function* () {
    yield bytes;
  };
  return { name, mode, size: bytes.length, content };
}

for (const program of [["tar"], ["busybox", "tar"]]) {
  Deno.test({
    name: `an archive is what ${program.join(" ")} reads`,
    ignore: findCommand(program[0]) === undefined,
    fn: async () => {
      await using folder = await makeFolder();
      const sizes = [0, 1, 511, 512, 513, 100_000];
      const entries = sizes.map((size) => entry(`file-${size}`, "x".repeat(size), size === 1 ? 0o700 : 0o600));
      await Deno.writeFile(folder.file("all.tar"), ReadableStream.from(archive(entries, MODIFIED)));
      const [first, ...rest] = [...program, "-xof", folder.file("all.tar"), "-C", folder.path];
      const { code, stderr } = await new Deno.Command(first, { args: rest }).output();
      deepEqual([code, new TextDecoder().decode(stderr)], [0, ""]);
      for (const size of sizes) {
        const file = folder.file(`file-${size}`);
        const { mode, mtime } = await Deno.stat(file);
        deepEqual([mode! & 0o777, mtime], [size === 1 ? 0o700 : 0o600, MODIFIED]);
        equal(await Deno.readTextFile(file), "x".repeat(size));
      }
    },
  });
}

Deno.test("an archive of the same files has the same bytes, and no name that it has no place for", async () => {
  const bytes = async (entries: readonly Entry[]) => Buffer.concat(await Array.fromAsync(archive(entries, MODIFIED)));
  const entries = [entry("a", "1"), entry("b", "2")];
  deepEqual(await bytes(entries), await bytes(entries));
  await rejects(bytes([entry("x".repeat(101), "")]), TypeError);
  await rejects(bytes([entry("é", "")]), TypeError);
});

Deno.test("variables that the launcher set are put back, once", () => {
  const values = new Map(Object.entries({
    SLUICE_LAUNCHER: "1",
    SLUICE_LAUNCHER_HOME: "",
    SLUICE_PORT: "1",
    HOME: "/app",
    DENO_DIR: "/app/.deno",
    DENO_NO_UPDATE_CHECK: "1",
  }));
  const env = {
    get: (name: string) => values.get(name),
    set: (name: string, value: string) => void values.set(name, value),
    delete: (name: string) => void values.delete(name),
  };
  restoreEnvironment(env);
  deepEqual(Object.fromEntries(values), { HOME: "", SLUICE_PORT: "1" });
  env.set("DENO_DIR", "/set/since");
  restoreEnvironment(env);
  equal(env.get("DENO_DIR"), "/set/since");
});

Deno.test("place() puts a folder where none is, keeps an equal one, and moves another out of the way", async () => {
  await using folder = await makeFolder();
  const made = async (name: string, text: string) => {
    await Deno.mkdir(folder.file(name), { mode: 0o700 });
    await Deno.writeTextFile(`${folder.file(name)}/file`, text, { mode: 0o600 });
    await Deno.utime(`${folder.file(name)}/file`, MODIFIED, MODIFIED);
  };
  const to = folder.file("version");
  await made(".new.1", "good");
  place(folder.file(".new.1"), to);
  const first = Deno.statSync(`${to}/file`).ino;
  await made(".new.2", "good");
  place(folder.file(".new.2"), to);
  equal(Deno.statSync(`${to}/file`).ino, first);
  await Deno.writeTextFile(`${to}/file`, "bad");
  place(folder.file(".new.2"), to);
  equal(Deno.readTextFileSync(`${to}/file`), "good");
  deepEqual(folder.names(), ["version"]);
  throws(() => place(folder.file("none"), folder.file("other")), Deno.errors.NotFound);
});

Deno.test("debris is removed when it is old, and versions but for the three that were used last", async () => {
  await using folder = await makeFolder();
  const now = Date.now();
  const make = async (name: string, ageMs: number) => {
    await Deno.mkdir(`${folder.file(name)}/.deno`, { recursive: true });
    await Deno.copyFile(findCommand("sleep")!, `${folder.file(name)}/deno`);
    for (const path of [`${folder.file(name)}/.deno`, folder.file(name)]) {
      await Deno.utime(path, new Date(now - ageMs), new Date(now - ageMs));
    }
  };
  const version = (digit: number) => String(digit).repeat(32);
  for (let digit = 0; digit < 6; digit++) await make(version(digit), (digit + 1) * 1000);
  for (const name of [".new.a.1", ".old.a.1", ".claim.a"]) {
    await make(`${name}0`, 10_000);
    await make(`${name}1`, 1000);
  }
  await make("another", 1e9);
  removeDebris(folder.path, now - 5000);
  deepEqual(folder.names().filter((name) => name.startsWith(".")).sort(), [".claim.a1", ".new.a.11", ".old.a.11"]);
  // Version 5 is the oldest, but a process runs from it.
  const running = new Deno.Command(`${folder.file(version(5))}/deno`, { args: ["60"] }).spawn();
  removeOldVersions(folder.path, version(2));
  running.kill();
  await running.status;
  const left = folder.names().filter((name) => !name.startsWith(".")).sort();
  const isLinux = Deno.build.os === "linux"; // elsewhere it can't be told what runs
  deepEqual(left, [...[0, 1, 2, 3, ...isLinux ? [5] : []].map(version), "another"]);
});

Deno.test("a target that is not known is refused, with those that are", () => {
  equal(targetNamed("aarch64-apple-darwin").system, "Darwin arm64");
  throws(() => targetNamed("z80"), /known are x86_64-unknown-linux-gnu, /);
});

Deno.test("a bundle has what the package for OpenAPI documents reads, and closes all that the sources close", async () => {
  await using folder = await makeFolder();
  await bundleCli(folder.path);
  for (const name of ["openapi-v3.0.json", "openapi-v3.1.json"]) {
    equal(typeof JSON.parse(await Deno.readTextFile(folder.file(name))).$schema, "string");
  }
  const code = folder.names().filter((name) => name.endsWith(".js")).map((name) =>
    Deno.readTextFileSync(folder.file(name))
  );
  match(code.join("\n"), /using lock = await Deno\.open\(/);
});
