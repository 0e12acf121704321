/**
 * Sockets of the file system that this user alone can connect to. Each is bound in a directory that is closed to all others
 * and appears in its place when it has its mode: there is no moment in which somebody else could connect, and none in which
 * two servers take the same place.
 */

import { dirname, join } from "node:path";

/** Longest path that the system takes for a socket, bytes (sockaddr_un.sun_path without its NUL). */
const PATH_BYTES_MAX = 107;

/** Names of the directories in which sockets are bound: short, because they are a part of a path that has a bound. */
const NAMES = "0123456789abcdefghijklmnopqrstuvwxyz";

/** Of 1296 names: whoever finds so many taken is not alone in the directory. */
const TRIES_MAX = 100;

/** A socket that is in its place. */
export interface PlacedSocket {
  /** Removes it, if it is still the one that was placed. */
  remove(): void;
}

/**
 * Puts a socket in its place, from which one that nobody listens on any more is removed.
 *
 * @param bind binds and listens on the path that it is given, before it returns
 * @throws {Deno.errors.AddrInUse} when somebody listens there
 * @throws {Deno.errors.AlreadyExists} when there is something else than a socket
 * @throws {TypeError} when the path is too long
 */
export async function placeSocket(path: string, bind: (path: string) => void): Promise<PlacedSocket> {
  const folder = dirname(path);
  const longest = Math.max(bytesOf(path), bytesOf(join(folder, ".xx", "s")));
  if (longest > PATH_BYTES_MAX) {
    throw new TypeError(`Cannot listen on ${path}: a socket's path has at most ${PATH_BYTES_MAX} bytes`);
  }
  await removeStale(path);
  const room = makeRoom(folder);
  try {
    const bound = join(room, "s");
    bind(bound);
    Deno.chmodSync(bound, 0o600);
    const { dev, ino } = Deno.lstatSync(bound);
    link(bound, path);
    return { remove: () => removeIf(path, (found) => found.dev === dev && found.ino === ino) };
  } finally {
    Deno.removeSync(room, { recursive: true });
  }
}

function bytesOf(path: string): number {
  return new TextEncoder().encode(path).byteLength;
}

/** A directory for nobody else. */
function makeRoom(folder: string): string {
  for (let tries = 1;; tries++) {
    const [a, b] = crypto.getRandomValues(new Uint8Array(2));
    const room = join(folder, `.${NAMES[a % NAMES.length]}${NAMES[b % NAMES.length]}`);
    try {
      Deno.mkdirSync(room, { mode: 0o700 });
      return room;
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists) || tries === TRIES_MAX) throw error;
    }
  }
}

/** Unlike a rename it takes nobody's place. */
function link(bound: string, path: string): void {
  try {
    Deno.linkSync(bound, path);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) throw inUse(path);
    throw error;
  }
}

async function removeStale(path: string): Promise<void> {
  const found = lookAt(path);
  if (!found) return;
  if (!found.isSocket) throw new Deno.errors.AlreadyExists(`Cannot listen on ${path}: it is there, and is no socket`);
  if (await isAnswered(path)) throw inUse(path);
  // Whoever came meanwhile and did the same has another one there.
  removeIf(path, ({ dev, ino }) => dev === found.dev && ino === found.ino);
}

/** True when somebody listens. */
async function isAnswered(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return true;
  } catch (error) {
    // Whoever lets nobody connect, or has no room for another connection, is there too.
    if (error instanceof Deno.errors.ConnectionRefused || error instanceof Deno.errors.NotFound) return false;
    return true;
  }
}

function removeIf(path: string, isIt: (found: Deno.FileInfo) => boolean): void {
  const found = lookAt(path);
  if (found && isIt(found)) Deno.removeSync(path);
}

function lookAt(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function inUse(path: string): Error {
  return new Deno.errors.AddrInUse(`Cannot listen on ${path}: somebody listens there already`);
}
