/** The one file that `deno task compile` makes, started in surroundings that a test describes whole. */

import { equal } from "node:assert/strict";
import { findCommand } from "../../src/process/find_command.ts";
import { type Folder, makeFolder } from "./folder.ts";
import { within } from "./within.ts";

const FILE = Deno.env.get("SLUICE_EXECUTABLE") ?? "";

/** Unpacking takes its time where many tests run. */
const START_MS = 120_000;

/** A user who owns nothing. */
export const NOBODY = 65_534;

/** What the launcher needs of a system, and nothing of Deno, Node.js or npm. */
const TOOLS = ["gzip", "id", "ls", "mkdir", "rm", "sha256sum", "sh", "sleep", "tail", "tar", "uname"];

/** A test of the executable; ignored, and named so, where SLUICE_EXECUTABLE names none. */
export function testExecutable(name: string, fn: () => Promise<void>, needs: readonly string[] = []): void {
  const missing = needs.filter((tool) => tool === "root" ? Deno.uid() !== 0 : findCommand(tool) === undefined);
  const why = FILE === "" ? " (SLUICE_EXECUTABLE is not set)" : missing.length > 0 ? ` (needs ${missing})` : "";
  Deno.test({ name: `executable: ${name}${why}`, ignore: why !== "", fn });
}

/** The same, of a file that unpacks itself, which one by `deno compile` does not. */
export function testUnpacking(name: string, fn: () => Promise<void>, needs: readonly string[] = []): void {
  testExecutable(name, fn, [...needs, ...FILE !== "" && !isScript(FILE) ? ["a file that unpacks itself"] : []]);
}

function isScript(file: string): boolean {
  using opened = Deno.openSync(file);
  const start = new Uint8Array(2);
  opened.readSync(start);
  return new TextDecoder().decode(start) === "#!";
}

/** A place to start the executable in: its own file `sluice`, `bin` with the tools that it needs, and an empty `home`. */
export interface Place extends Folder {
  /** The variables of a plain start. */
  readonly env: Readonly<Record<string, string>>;
  /** Where it unpacks to then. */
  readonly app: string;
}

/** Makes a place that every user can read, and one can write to. */
export async function makePlace(owner = Deno.uid()!): Promise<Place> {
  const folder = await makeFolder();
  await Deno.copyFile(FILE, folder.file("sluice"));
  await Deno.chmod(folder.file("sluice"), 0o755);
  for (const name of ["bin", "home"]) await Deno.mkdir(folder.file(name));
  for (const tool of TOOLS) await Deno.symlink(findCommand(tool)!, `${folder.file("bin")}/${tool}`);
  await Deno.chmod(folder.path, 0o755);
  if (owner !== Deno.uid()) await Deno.chown(folder.file("home"), owner, owner);
  return {
    ...folder,
    env: { HOME: folder.file("home"), PATH: folder.file("bin") },
    app: `${folder.file("home")}/.cache/sluice/app`,
  };
}

/** A place where it is unpacked already: in the cache that all tests of a run share, which no test may change. */
export async function makeWarmPlace(): Promise<Place> {
  const place = await makePlace();
  const shared = Deno.env.get("SLUICE_CACHE_DIR");
  const env = shared ? { ...place.env, SLUICE_CACHE_DIR: shared } : place.env;
  const { code, stderr } = await start(place, ["--version"], { env });
  equal(code, 0, stderr);
  return { ...place, env, app: shared ? `${shared}/app` : place.app };
}

/** A place with what was unpacked in a folder of its own, for a test that changes it. Gives the folder too. */
export async function makeUnpackedPlace(): Promise<Place & { readonly version: string }> {
  const place = await makePlace();
  const warm = Deno.env.get("SLUICE_CACHE_DIR");
  const name = warm && await current(place, warm);
  if (name) {
    await Deno.mkdir(place.app, { recursive: true, mode: 0o700 });
    await Deno.chmod(`${place.env.HOME}/.cache/sluice`, 0o700);
    const { success } = await new Deno.Command("cp", { args: ["-a", `${warm}/app/${name}`, place.app] }).output();
    equal(success, true);
  }
  const { code, stderr } = await start(place, ["--version"]);
  equal(code, 0, stderr);
  return { ...place, version: `${place.app}/${versions(place.app)[0]}` };
}

/** The name under which a cache has this very file's content. */
async function current(place: Place, cache: string): Promise<string> {
  const { code, stderr } = await start(place, ["--version"], { env: { SLUICE_CACHE_DIR: cache } });
  equal(code, 0, stderr);
  const [, name] = /^sluice_id=(\w+)$/m.exec(new TextDecoder().decode(await head(place.file("sluice"))))!;
  return name;
}

/** The launcher of the file, and some of what is behind it. */
async function head(file: string): Promise<Uint8Array> {
  using opened = await Deno.open(file);
  const bytes = new Uint8Array(4096);
  return bytes.subarray(0, await opened.read(bytes) ?? 0);
}

/** How a start differs from a plain one. */
export interface Start {
  /** Variables besides, or instead; undefined takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What is run instead of the file's path. */
  readonly words?: readonly string[];
  readonly cwd?: string;
  readonly uid?: number;
}

/** What came of it. */
export interface Outcome {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts it and waits for its end. */
export async function start(place: Place, args: readonly string[], how: Start = {}): Promise<Outcome> {
  const process = spawn(place, args, how);
  const { code, signal, stdout, stderr } = await within(`sluice ${args} ends`, process.output(), START_MS);
  const decoder = new TextDecoder();
  return { code, signal, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Starts it. */
export function spawn(place: Place, args: readonly string[], how: Start = {}): Deno.ChildProcess {
  const asUser = how.uid === undefined ? [] : [
    findCommand("setpriv")!,
    `--reuid=${how.uid}`,
    `--regid=${how.uid}`,
    "--clear-groups",
  ];
  const [program, ...rest] = [...asUser, ...how.words ?? [place.file("sluice")], ...args];
  const env = Object.fromEntries(
    Object.entries({ ...place.env, ...how.env }).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  return new Deno.Command(program, {
    args: rest,
    cwd: how.cwd ?? place.path,
    clearEnv: true,
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** The folders that it was unpacked to in a place. */
export function versions(app: string): string[] {
  return [...Deno.readDirSync(app)].map(({ name }) => name).sort();
}
