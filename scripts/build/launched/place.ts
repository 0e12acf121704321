/**
 * The last step of unpacking: gives the new folder its name, in one step that all see or none, and tidies up. It runs on
 * the Deno that was unpacked, which shows that it runs here; the shell has no command that renames so everywhere.
 *
 * Arguments: the folder of all versions, the name of this one, the folder that was unpacked to.
 */

/** What is left of a start that was killed is removed after this time: the slowest disk has unpacked by then. */
const DEBRIS_MS = 3_600_000;

/** Versions that stay beside the new one, the latest used ones: to go back to, and for servers that still run. */
const VERSIONS_KEPT = 3;

/** Others may put theirs in place at the same time. */
const TRIES = 10;

if (import.meta.main) {
  const [home, name, unpacked] = Deno.args;
  place(unpacked, `${home}/${name}`);
  removeDebris(home, Date.now() - DEBRIS_MS);
  removeOldVersions(home, name);
}

/** Renames a folder; where the name is taken by what is not the same, that is moved out of the way. */
export function place(from: string, to: string): void {
  for (let tries = 0; tries < TRIES; tries++) {
    try {
      return Deno.renameSync(from, to);
    } catch (error) {
      if (!exists(to)) throw error;
    }
    if (contents(to) === contents(from)) return; // somebody else was faster
    const aside = to.replace(/([^/]+)$/, `.old.$1.${Deno.pid}.${tries}`);
    try {
      Deno.renameSync(to, aside);
    } catch {
      continue; // somebody else has moved it
    }
    Deno.removeSync(aside, { recursive: true });
  }
  throw new Error(`Cannot put ${to} in place: others change it all the time; stop them`);
}

/** Removes what was being unpacked, claimed or moved aside before a time, and is there still. */
export function removeDebris(home: string, before: number): void {
  for (const { name } of Deno.readDirSync(home)) {
    if (!/^\.(new|old|claim)\./.test(name)) continue;
    const path = `${home}/${name}`;
    if (changed(path) < before) removeQuietly(path);
  }
}

/** Removes versions that nothing runs from, but for some. */
export function removeOldVersions(home: string, current: string): void {
  const others = [...Deno.readDirSync(home)]
    .filter((entry) => entry.isDirectory && /^[0-9a-f]{32}$/.test(entry.name) && entry.name !== current)
    .map(({ name }) => `${home}/${name}`)
    .map((path) => ({ path, used: Math.max(changed(path), changed(`${path}/.deno`)) }))
    .sort((a, b) => b.used - a.used);
  const running = others.length > VERSIONS_KEPT ? runningPrograms() : [];
  for (const { path } of others.slice(VERSIONS_KEPT)) {
    if (!running.some((program) => program.startsWith(`${path}/`))) removeQuietly(path);
  }
}

/** Programs of our processes, where the system shows them as files: code is loaded from their folders when it is needed. */
function runningPrograms(): readonly string[] {
  if (!exists("/proc/self/exe")) return [];
  return [...Deno.readDirSync("/proc")].filter(({ name }) => /^\d+$/.test(name)).flatMap(({ name }) => {
    try {
      return [Deno.readLinkSync(`/proc/${name}/exe`)];
    } catch {
      return []; // it has ended, or belongs to another user, who does not use our cache
    }
  });
}

/** What the launcher knows a folder by: its own owner and mode, its files' names, sizes and dates. */
function contents(folder: string): string | undefined {
  try {
    const own = Deno.lstatSync(folder);
    const files = [...Deno.readDirSync(folder)].filter(({ name }) => !name.startsWith(".")).map(({ name }) => {
      const { size, mtime, mode, isFile } = Deno.lstatSync(`${folder}/${name}`);
      return `${name} ${size} ${mtime?.getTime()} ${mode} ${isFile}`;
    }).sort();
    return [`${own.uid} ${own.mode}`, ...files].join("\n");
  } catch {
    return undefined; // it is no folder, or was moved away
  }
}

/** When something was changed last; 0 when it can't be told. */
function changed(path: string): number {
  try {
    return Deno.lstatSync(path).mtime?.getTime() ?? 0;
  } catch {
    return 0;
  }
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** What can't be removed now is removed by a later version: it is no reason not to start. */
function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch {
    // Somebody else removes it, or it is not ours.
  }
}
