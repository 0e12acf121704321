/** Where the one file unpacks itself: when it does, what it trusts, and what it mends. */

import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { basename, dirname } from "node:path";
import metadata from "../../deno.json" with { type: "json" };
import {
  makePlace,
  makeUnpackedPlace,
  NOBODY,
  type Outcome,
  type Place,
  spawn,
  type Start,
  start,
  testUnpacking,
  versions,
} from "../support/executable.ts";
import { until, within } from "../support/within.ts";

const VERSION = `${metadata.version}\n`;

/** That it starts; gives nothing. */
async function starts(place: Place, how: Start = {}): Promise<void> {
  const { code, stdout, stderr } = await start(place, ["--version"], how);
  deepEqual([code, stdout, stderr], [0, VERSION, ""]);
}

/** That it does not start, and says why in one form. */
async function refuses(place: Place, why: RegExp, how: Start = {}): Promise<Outcome> {
  const outcome = await start(place, ["--version"], how);
  deepEqual([outcome.code, outcome.stdout], [1, ""]);
  match(outcome.stderr, /^sluice: Cannot unpack: .*; .*/);
  match(outcome.stderr, why);
  return outcome;
}

const inode = (file: string) => Deno.statSync(file).ino;

testUnpacking("unpacks once, for its owner alone", async () => {
  await using place = await makePlace();
  await starts(place);
  const [version] = versions(place.app);
  const deno = `${place.app}/${version}/deno`;
  const first = inode(deno);
  await starts(place);
  deepEqual([inode(deno), versions(place.app)], [first, [version]]);
  for (const path of [dirname(place.app), place.app, dirname(deno), deno]) {
    equal(Deno.statSync(path).mode! & 0o77, 0, path);
  }
});

testUnpacking("goes to the cache that is asked for, even if it lies where we are", async () => {
  await using place = await makePlace();
  const folders: [Record<string, string>, string][] = [
    [{ SLUICE_CACHE_DIR: place.file("my cache") }, "my cache"],
    [{ SLUICE_CACHE_DIR: "below" }, "below"],
    [{ XDG_CACHE_HOME: place.file("xdg") }, "xdg/sluice"],
  ];
  for (const [env, folder] of folders) {
    await starts(place, { env });
    equal(versions(place.file(`${folder}/app`)).length, 1);
    await Deno.remove(place.file(folder), { recursive: true });
  }
  deepEqual([...Deno.readDirSync(place.env.HOME)], []);
});

testUnpacking("goes elsewhere when there is no home, and keeps all that it caches there", async () => {
  await using place = await makePlace();
  await Deno.mkdir(place.file("tmp"), { mode: 0o700 });
  await Deno.mkdir(place.file("run"), { mode: 0o700 });
  for (const HOME of [undefined, "", "/dev/null"]) {
    await starts(place, { env: { HOME, XDG_RUNTIME_DIR: place.file("run"), TMPDIR: place.file("tmp") } });
    equal(versions(place.file("run/sluice/app")).length, 1);
    await starts(place, { env: { HOME, TMPDIR: place.file("tmp") } });
    equal(versions(place.file(`tmp/sluice-${Deno.uid()}/app`)).length, 1);
    deepEqual([...Deno.readDirSync(place.file("tmp"))].length, 1);
  }
  await Deno.writeTextFile(place.file("hello.js"), "console.log('hello')");
  const env = { HOME: undefined, TMPDIR: place.file("tmp") };
  const served = await start(place, ["serve", "--once", "hello.js"], { env });
  equal(served.stdout, "hello\n", served.stderr);
});

testUnpacking("says what to set when there is no folder at all", async () => {
  await using place = await makePlace(NOBODY);
  const env = { HOME: "/proc", XDG_RUNTIME_DIR: "/proc", TMPDIR: "/proc", SLUICE_CACHE_DIR: "/proc/none" };
  const one = await refuses(place, /set SLUICE_CACHE_DIR to one that you alone can write to/, { env, uid: NOBODY });
  match(one.stderr, /\n {2}\/proc\/none: /);
}, ["root", "setpriv"]);

testUnpacking("twenty that start at once on an empty cache all start, and leave one copy", async () => {
  await using place = await makePlace();
  await Promise.all(Array.from({ length: 20 }, () => starts(place)));
  equal(versions(place.app).length, 1);
});

testUnpacking("one that is killed while it unpacks leaves nothing that is used", async () => {
  await using place = await makePlace();
  for (const file of ["deno", "place.js"]) {
    const words = ["setsid", place.file("sluice")]; // a group of its own, with all that it starts
    const process = spawn(place, ["--version"], { words, env: { PATH: `${place.env.PATH}:/usr/bin` } });
    const end = process.output();
    const unpacking = () =>
      names(place.app).find((name) => name.startsWith(".new.") && name.endsWith(`.${process.pid}`));
    await until(`${file} is being unpacked`, () => names(`${place.app}/${unpacking() ?? ""}`).includes(file), 60_000);
    Deno.kill(-process.pid, "SIGKILL");
    await within("it ends", end);
    deepEqual(names(place.app).filter((name) => !name.startsWith(".")), []);
    notEqual(unpacking(), undefined, "it was killed too late");
  }
  const left = names(place.app);
  await starts(place);
  const [version] = names(place.app).filter((name) => !name.startsWith("."));
  // What was left is old enough to be removed when the next version is unpacked.
  const old = new Date(Date.now() - 2 * 3_600_000);
  for (const name of left) {
    await Deno.utime(`${place.app}/${name}`, old, old).catch(() => {/* the claim was taken over */});
  }
  await Deno.remove(`${place.app}/${version}`, { recursive: true });
  await starts(place);
  deepEqual(names(place.app), [version]);
}, ["setsid"]);

testUnpacking("what was unpacked and is cut, changed, missing or more is unpacked again", async () => {
  await using place = await makeUnpackedPlace();
  const deno = `${place.version}/deno`;
  const code = `${place.version}/sluice.js`;
  const text = await Deno.readTextFile(code);
  const faults: Record<string, () => Promise<void>> = {
    "cut short": () => Deno.truncate(deno, 1000),
    "changed, of the same length": () => Deno.writeTextFile(code, text.replace(/.$/s, " ")),
    "missing": () => Deno.remove(code),
    "one too many": () => Deno.writeTextFile(`${place.version}/deno.json`, "{}"),
    "a link": async () => {
      await Deno.rename(code, place.file("elsewhere.js"));
      await Deno.symlink(place.file("elsewhere.js"), code);
    },
    "open to others": () => Deno.chmod(code, 0o666),
    "open to a group": () => Deno.chmod(place.version, 0o770),
    "not executable": () => Deno.chmod(deno, 0o600),
    "no folder": async () => {
      await Deno.remove(place.version, { recursive: true });
      await Deno.writeTextFile(place.version, "");
    },
  };
  for (const [fault, make] of Object.entries(faults)) {
    await make();
    const { code, stdout, stderr } = await start(place, ["--version"]);
    deepEqual([code, stdout, stderr], [0, VERSION, ""], fault);
    deepEqual(names(place.app), [basename(place.version)], fault);
    equal(await Deno.readTextFile(`${place.version}/sluice.js`), text, fault);
  }
});

testUnpacking("a file that was cut or changed is refused", async () => {
  await using place = await makePlace();
  const whole = await Deno.readFile(place.file("sluice"));
  const faults: Record<string, Uint8Array<ArrayBuffer>> = {
    "cut short": whole.slice(0, whole.length / 2),
    "changed within": whole.with(whole.length / 2, whole[whole.length / 2] ^ 1),
  };
  for (const [fault, bytes] of Object.entries(faults)) {
    await Deno.writeFile(place.file("sluice"), bytes);
    await refuses(place, /unpacking failed|is damaged or was changed/, {
      env: { SLUICE_CACHE_DIR: place.file("new") },
    });
    deepEqual(names(place.file("new/app")), [], fault);
  }
});

testUnpacking("a cache that others can write to is refused", async () => {
  await using place = await makeUnpackedPlace();
  const cache = dirname(place.app);
  for (const folder of [cache, place.app]) {
    await Deno.chmod(folder, 0o777);
    await refuses(place, /others can write to it/, { env: { SLUICE_CACHE_DIR: cache } });
    await Deno.chmod(folder, 0o700);
  }
  await starts(place, { env: { SLUICE_CACHE_DIR: cache } });
});

testUnpacking("what another user has planted is not run", async () => {
  await using place = await makeUnpackedPlace();
  // A program that would tell that it was run, where ours would be, with the sizes and dates of ours.
  const cache = dirname(place.app);
  const planted = place.file("planted");
  await Deno.rename(cache, planted);
  await chown(planted, NOBODY);
  await refuses(place, /belongs to somebody else/, { env: { SLUICE_CACHE_DIR: planted } });
  // In a folder for all, under the name that we would take, and as a link to it.
  await Deno.mkdir(place.file("tmp"));
  await Deno.chmod(place.file("tmp"), 0o1777);
  const name = place.file(`tmp/sluice-${Deno.uid()}`);
  await Deno.rename(planted, name);
  const env = { HOME: undefined, TMPDIR: place.file("tmp") };
  const elsewhere = `/dev/shm/sluice-${Deno.uid()}`;
  const wasThere = exists(elsewhere);
  try {
    await starts(place, { env });
    ok(exists(elsewhere), "it went to the next folder");
    await chown(name, Deno.uid()!);
    await Deno.rename(name, place.file("ours"));
    await Deno.symlink(place.file("ours"), name);
    await Deno.remove(place.file("ours/app"), { recursive: true });
    await starts(place, { env });
    deepEqual(names(place.file("ours")), [], "nothing was written through the link");
  } finally {
    if (!wasThere) await Deno.remove(elsewhere, { recursive: true });
  }
}, ["root"]);

testUnpacking("root trusts no cache in the home of another user, who could put another one in its place", async () => {
  await using place = await makePlace(NOBODY);
  await Deno.mkdir(place.file("tmp"), { mode: 0o700 });
  await starts(place, { env: { TMPDIR: place.file("tmp") } });
  deepEqual([names(place.app), names(place.file("tmp"))], [[], [`sluice-${Deno.uid()}`]]);
}, ["root"]);

testUnpacking("a folder from which nothing may be run is passed over", async () => {
  await using place = await makePlace();
  await Deno.mkdir(place.file("noexec"));
  await Deno.mkdir(place.file("tmp"), { mode: 0o700 });
  const script = 'mount -t tmpfs -o noexec,mode=700 none "$1" && shift && exec "$@"';
  const words = ["unshare", "--mount", "sh", "-c", script, "sh", place.file("noexec"), place.file("sluice")];
  const PATH = `${place.env.PATH}:/usr/bin:/bin`;
  await starts(place, { words, env: { PATH, XDG_CACHE_HOME: place.file("noexec"), TMPDIR: place.file("tmp") } });
  deepEqual(names(place.file("tmp")), [`sluice-${Deno.uid()}`]);
  await refuses(place, /noexec/, { words, env: { PATH, SLUICE_CACHE_DIR: place.file("noexec") } });
}, ["root", "unshare", "mount"]);

testUnpacking("a cache of root's that all can read serves every user", async () => {
  await using place = await makeUnpackedPlace();
  const shared = place.file("shared");
  await Deno.rename(dirname(place.app), shared);
  await new Deno.Command("chmod", { args: ["-R", "a+rX", shared] }).output();
  await starts(place, { env: { SLUICE_CACHE_DIR: shared, HOME: "/nonexistent" }, uid: NOBODY });
}, ["root", "setpriv"]);

/** Changes the owner of a folder and all in it. */
async function chown(folder: string, uid: number): Promise<void> {
  const { success } = await new Deno.Command("chown", { args: ["-R", `${uid}:${uid}`, folder] }).output();
  ok(success);
}

function names(folder: string): string[] {
  return exists(folder) ? versions(folder) : [];
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
