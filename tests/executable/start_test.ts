/** The one file: where it starts, how it is called, and what it passes on. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { dirname } from "node:path";
import metadata from "../../deno.json" with { type: "json" };
import { makePlace, makeWarmPlace, NOBODY, type Place, spawn, start, testExecutable } from "../support/executable.ts";
import { Transcript } from "../support/serve.ts";
import { within } from "../support/within.ts";

const VERSION = `${metadata.version}\n`;

testExecutable("starts with an empty home, and with no Deno, Node.js or npm on PATH", async () => {
  await using place = await makePlace();
  for (const _ of ["unpacking", "again"]) {
    const { code, stdout, stderr } = await start(place, ["--version"]);
    deepEqual([code, stdout, stderr], [0, VERSION, ""]);
  }
  const left = [...Deno.readDirSync(place.env.HOME)].map(({ name }) => name);
  ok(left.every((name) => name === ".cache"), `its home is left alone: ${left}`);
});

testExecutable("starts in a folder and for a user that can write nowhere but to a temporary folder", async () => {
  await using place = await makePlace(NOBODY);
  await Deno.chown(place.env.HOME, 0, 0);
  await Deno.mkdir(place.file("tmp"), { mode: 0o777 });
  await Deno.chmod(place.file("tmp"), 0o1777);
  const { code, stdout, stderr } = await start(place, ["--version"], {
    env: { TMPDIR: place.file("tmp") },
    cwd: place.env.HOME,
    uid: NOBODY,
  });
  deepEqual([code, stdout, stderr], [0, VERSION, ""]);
  deepEqual([...Deno.readDirSync(place.env.HOME)], []);
}, ["root", "setpriv"]);

testExecutable("starts whatever a home is, or has in it", async () => {
  await using place = await makeWarmPlace();
  const env = { SLUICE_CACHE_DIR: dirname(place.app) };
  await Deno.writeTextFile(place.file("home/.npmrc"), "@scope:registry=no address\n");
  await Deno.writeTextFile(place.file("home/deno.json"), "{");
  await Deno.writeTextFile(place.file("home/package.json"), "{");
  for (const HOME of [place.file("home"), "/dev/null", "/nonexistent", "", undefined]) {
    const { code, stdout, stderr } = await start(place, ["--version"], { env: { ...env, HOME }, cwd: place.env.HOME });
    deepEqual([code, stdout, stderr], [0, VERSION, ""], HOME);
  }
});

testExecutable("is found as a link, by a relative path, through PATH, and by a name with spaces", async () => {
  await using place = await makeWarmPlace();
  await Deno.symlink("sluice", place.file("a link"));
  await Deno.mkdir(place.file("my programs"));
  await Deno.rename(place.file("sluice"), place.file("my programs/sluice"));
  await Deno.remove(place.file("a link"));
  await Deno.symlink("my programs/sluice", place.file("a link"));
  const PATH = `${place.env.PATH}:${place.file("my programs")}`;
  const calls: [words: string[], cwd?: string, env?: Record<string, string>][] = [
    [[place.file("a link")]],
    [["./my programs/sluice"]],
    [["../sluice"], place.file("my programs/sub")],
    [["sh", "-c", 'sluice "$@"', "sh"], undefined, { PATH }],
    [["sh", "sluice"], place.file("my programs")],
  ];
  await Deno.mkdir(place.file("my programs/sub"));
  for (const [words, cwd, env] of calls) {
    for (const cache of ["new", "new"]) { // unpacking needs the file itself, a second start does not
      const { code, stdout, stderr } = await start(place, ["--version"], {
        words,
        cwd,
        env: { ...env, SLUICE_CACHE_DIR: place.file(cache) },
      });
      deepEqual([code, stdout, stderr], [0, VERSION, ""], words.join(" "));
    }
    await Deno.remove(place.file("new"), { recursive: true }).catch(() => {/* the file needs no cache */});
  }
});

testExecutable("starts with nothing on PATH, or no PATH", async () => {
  await using place = await makePlace();
  for (const PATH of ["", "/nonexistent", undefined]) {
    const { code, stdout, stderr } = await start(place, ["--version"], { env: { PATH } });
    deepEqual([code, stdout, stderr], [0, VERSION, ""], PATH);
    await Deno.remove(place.app, { recursive: true });
  }
});

testExecutable("passes arguments on as they are", async () => {
  await using place = await makeWarmPlace();
  const args = ["", "a b", "*", "$HOME", "-A", "--", "'\"\\", "line\nbreak"];
  const told = await start(place, ["serve", "--once", "--", "sh", "-c", 'printf "<%s>" "$@"', "sh", ...args]);
  equal(told.stdout, args.map((arg) => `<${arg}>`).join(""), told.stderr);
});

testExecutable("ends with the codes of the command line, and by the signals that are sent to it", async () => {
  await using place = await makeWarmPlace();
  equal((await start(place, ["serve", "--no-such-flag"])).code, 2);
  equal((await start(place, ["serve", "/no/such/program"])).code, 1);
  for (const [signal, code] of [["SIGINT", 0], ["SIGTERM", 0], ["SIGKILL", 137]] as const) {
    await using server = await serveIn(place, ["cat"]);
    server.process.kill(signal); // to the process that was started: nothing stands before it
    equal((await within("it ends", server.process.status)).code, code, server.said.text);
  }
});

testExecutable("shows what it starts no variable of its own, and gives back those that the user had", async () => {
  await using place = await makeWarmPlace();
  await using hub = await serveIn(place, [], ["registry", "listen", "0"]);
  const own: Record<string, string> = { DENO_DIR: "/tmp/the user's", IFS: ":", CDPATH: "/", sluice_app: "theirs" };
  for (const env of [{}, own]) {
    const child = spawn(place, ["registry", "register", hub.address, "env@1.0.0", "--", "sh", "-c", "env"], {
      env: { PATH: `${place.env.PATH}:/usr/bin:/bin`, ...env },
    });
    const stdout = new Transcript(child.stdout);
    const stderr = new Transcript(child.stderr);
    await within(() => `it prints its environment; it said ${stderr.text}`, stdout.match(/^PATH=.*\n/m));
    child.kill("SIGTERM");
    await Promise.all([child.status, stdout.ended, stderr.ended]);
    const names = stdout.text.split("\n").flatMap((line) => /^(\w+)=/.exec(line)?.[1] ?? []);
    const known = ["HOME", "PATH", "PORT", "PWD", "OLDPWD", "SHLVL", "_", "ADDRESS", ...Object.keys(env)];
    deepEqual(names.filter((name) => !known.includes(name) && !/^(SLUICE_|REGISTRY_)?(PORT|HOST)/.test(name)), []);
    equal(/^DENO_DIR=(.*)$/m.exec(stdout.text)?.[1], (env as Record<string, string>).DENO_DIR);
    equal(/^HOME=(.*)$/m.exec(stdout.text)?.[1], place.env.HOME);
  }
});

testExecutable("is not misled by variables that change what a shell or its tools do", async () => {
  await using place = await makePlace();
  await Deno.writeTextFile(place.file("evil.sh"), "echo evil; exit 3\n");
  const env = {
    IFS: "/s.",
    CDPATH: "/:/tmp",
    ENV: place.file("evil.sh"),
    BASH_ENV: place.file("evil.sh"),
    TAR_OPTIONS: "--no-such-option",
    GZIP: "-v",
    BLOCK_SIZE: "human-readable",
    QUOTING_STYLE: "c",
    TIME_STYLE: "full-iso",
    LC_ALL: "tr_TR.UTF-8",
    TZ: "Pacific/Kiritimati",
    PWD: "/nowhere",
    sluice_id: "other",
    sluice_why: "said",
  };
  for (const _ of ["unpacking", "again"]) {
    const { code, stdout, stderr } = await start(place, ["--version"], { env });
    deepEqual([code, stdout, stderr], [0, VERSION, ""]);
  }
});

for (const shell of ["dash", "bash", "busybox"]) {
  testExecutable(`starts under ${shell}`, async () => {
    await using place = await makePlace();
    const words = [shell === "busybox" ? "busybox sh" : shell].flatMap((word) => word.split(" "));
    const env = { PATH: `${place.env.PATH}:/usr/bin:/bin` };
    for (const _ of ["unpacking", "again"]) {
      const { code, stdout, stderr } = await start(place, ["--version"], { words: [...words, "sluice"], env });
      deepEqual([code, stdout, stderr], [0, VERSION, ""]);
    }
    const wrong = await start(place, ["--no-such-flag"], { words: [...words, "./sluice"], env });
    match(wrong.stderr, /--no-such-flag/);
    equal(wrong.code, 2);
  }, [shell]);
}

/** A server that was started in a place; disposing it ends it. */
async function serveIn(place: Place, program: readonly string[], command = ["serve", "-p", "0"]): Promise<
  & AsyncDisposable
  & { readonly process: Deno.ChildProcess; readonly said: Transcript; readonly address: string }
> {
  const env = { PATH: `${place.env.PATH}:/usr/bin:/bin` };
  const process = spawn(place, [...command, ...program], { env });
  const said = new Transcript(process.stderr);
  const output = process.stdout.cancel();
  let ended = false;
  const status = process.status.then(() => ended = true);
  const listening = said.match(/listening on \w+:\/\/(\S+:\d+)/);
  const [, address] = await within(() => `it listens; it said ${said.text}`, listening);
  return {
    process,
    said,
    address,
    [Symbol.asyncDispose]: async () => {
      if (!ended) process.kill("SIGKILL");
      await Promise.all([status, said.ended, output]);
    },
  };
}
