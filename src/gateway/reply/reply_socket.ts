/** The socket that programs reply to: its place, where nobody else may put another one. */

import { Buffer } from "node:buffer";
import { dirname } from "node:path";

/** Longest path that the system takes for a socket, bytes (sockaddr_un.sun_path without its NUL). */
const SOCKET_PATH_BYTES = 107;

const [STICKY, OTHERS_WRITE] = [0o1000, 0o022];

/**
 * Makes the folder of a socket, ours alone, where it is not there yet. A shared one such as /tmp is as good: what keeps others
 * from replying is the socket's mode 0600, and what keeps them from taking its place the folder's sticky bit.
 *
 * @param path of the socket, absolute
 * @throws {Error} when the path is too long for a socket, or somebody else could replace what lies there
 */
export function prepareSocketFolder(path: string): void {
  if (Buffer.byteLength(path) > SOCKET_PATH_BYTES) {
    throw new Error(`Cannot listen on ${path}: the path of a socket has at most ${SOCKET_PATH_BYTES} bytes`);
  }
  const folder = dirname(path);
  Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = Deno.statSync(folder);
  const isShared = ((mode ?? 0) & OTHERS_WRITE) !== 0 && ((mode ?? 0) & STICKY) === 0;
  if (isShared || (uid !== 0 && uid !== Deno.uid())) {
    throw new Error(`Cannot listen in ${folder}: others can replace what lies there; name a folder of your own`);
  }
}
