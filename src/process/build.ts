/** Compiled languages: a source is built once, and found by the hash of all that the result depends on. */

import { basename, extname, join } from "node:path";
import { ProgramError } from "../errors.ts";
import { limits } from "../limits.ts";
import { hash, privateFolder } from "./cache.ts";
import { inheritedEnvironment } from "./environment.ts";
import type { Language } from "./language.ts";
import { removeFolder } from "./remove.ts";
import { versionText } from "./version.ts";

/** Builds under way in this process, by key: those who want the same wait for it. */
const underWay = new Map<string, Promise<Built>>();

/** Where the result of a build lies. */
export interface Built {
  /** `{out}` in the language's arguments: a file or a folder. */
  readonly out: string;
  /** `{dir}`: the folder of the build. */
  readonly directory: string;
}

/**
 * Builds a source, or finds what an earlier build made.
 *
 * @param language one with a `build`
 * @param compiler absolute path of its interpreter
 * @param file absolute path of the source
 * @throws {ProgramError} `build` with the compiler's output when it fails
 */
export async function build(language: Language, compiler: string, file: string): Promise<Built> {
  const source = await Deno.readFile(file);
  const key = hash(
    language.name,
    JSON.stringify([language.build, compiler, file]),
    await versionText(language, compiler),
    source,
  );
  let building = underWay.get(key);
  if (!building) {
    building = buildOnce(language, compiler, file, source, key).finally(() => underWay.delete(key));
    underWay.set(key, building);
  }
  return await building;
}

async function buildOnce(
  language: Language,
  compiler: string,
  file: string,
  source: Uint8Array,
  key: string,
): Promise<Built> {
  const builds = privateFolder("build");
  const directory = join(builds, key);
  // Other processes may want the same: one compiles, the others find it done when they have the lock.
  using lock = await Deno.open(join(builds, `${key}.lock`), { write: true, create: true, mode: 0o600 });
  await lock.lock(true);
  const done = { out: join(directory, "out"), directory };
  if (await exists(done.out)) return done;
  await removeFolder(directory);
  await Deno.mkdir(join(directory, "source"), { recursive: true, mode: 0o700 });
  // A name of its own: the compiler of a server that was killed may still be writing to that of an earlier attempt.
  const draft = join(directory, `draft-${crypto.randomUUID()}`);
  try {
    const copy = join(directory, "source", basename(file));
    await Deno.writeFile(copy, source);
    const argv = language.build!.map((argument) =>
      expand(argument, { interpreter: compiler, file, copy, out: draft, dir: directory, stem: stem(file) })
    );
    await compile(argv, directory, file);
    if (hash(await Deno.readFile(file)) === hash(source)) {
      await Deno.rename(draft, done.out);
      return done;
    }
  } catch (error) {
    await removeFolder(directory);
    throw error;
  }
  // It was changed while it was compiled: what came of it is not what the key says.
  await removeFolder(directory);
  return await build(language, compiler, file);
}

async function compile(argv: readonly string[], directory: string, file: string): Promise<void> {
  const { code, success, stdout, stderr } = await new Deno.Command(argv[0], {
    args: argv.slice(1),
    cwd: directory,
    clearEnv: true,
    // Compilers keep caches of their own, which need a place where there is no home.
    env: { ...inheritedEnvironment(), XDG_CACHE_HOME: privateFolder("compilers") },
    stdin: "null",
    signal: AbortSignal.timeout(limits.buildMs),
  }).output();
  if (success) return;
  const output = new TextDecoder().decode(stderr) + new TextDecoder().decode(stdout);
  throw new ProgramError("build", `Cannot build ${file}: ${basename(argv[0])} ended with exit code ${code}`, {
    stderr: output.slice(0, limits.buildOutputBytes),
  });
}

/** Replaces `{name}` in one argument by a value; a name that is not among them stays as it is. */
export function expand(argument: string, values: Readonly<Record<string, string>>): string {
  return argument.replace(/\{(\w+)\}/g, (whole, name) => Object.hasOwn(values, name) ? values[name] : whole);
}

/** A file's name without its extension. */
export function stem(file: string): string {
  return basename(file, extname(file));
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch {
    return false; // missing is the answer
  }
}
