/** What goes wrong under a stream store, made to happen: crashes, flipped bits, full and failing disks. */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ABOUT, type About } from "../../src/loom/disk/keys.ts";
import type { StreamStore } from "../../src/loom/stream_store.ts";
import type { Answer, Request } from "../loom/disk/programs/teller.ts";
import { within } from "./within.ts";

const TELLER = fileURLToPath(new URL("../loom/disk/programs/teller.ts", import.meta.url));

/** All bytes of a stream. */
export async function readAll(loom: StreamStore, id: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for (let from = loom.head(id)!.start, upToDate = false; !upToDate;) {
    const piece = await loom.read(id, from, 1_000_000);
    chunks.push(piece.bytes);
    [from, upToDate] = [piece.next, piece.upToDate];
  }
  return Buffer.concat(chunks);
}

/** How often the journal of a directory has begun anew: once for each time it is opened, and once a checkpoint. */
export async function rotations(dir: string): Promise<number> {
  try {
    await Deno.stat(dir);
  } catch {
    return 0;
  }
  using kv = await Deno.openKv(join(dir, "streams.kv"));
  return (await kv.get<About>(ABOUT)).value?.use ?? 0;
}

/** Copies a store's directory while it is open: what a process that is killed now leaves behind. */
export async function copyStore(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyStore(join(from, name), join(to, name));
    else await Deno.copyFile(join(from, name), join(to, name));
  }
}

/** What bytes are compared by, where they are many. */
export function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Changes one bit of a file. */
export async function flipBit(path: string, at: number, bit = 0): Promise<void> {
  using file = await Deno.open(path, { read: true, write: true });
  const byte = new Uint8Array(1);
  await file.seek(at, Deno.SeekMode.Start);
  await file.read(byte);
  await file.seek(at, Deno.SeekMode.Start);
  await file.write(byte.map((value) => value ^ (1 << bit)));
}

/** A store in another process. Disposing it kills it. */
export interface Teller extends AsyncDisposable {
  readonly pid: number;
  /** Tells it what to do. */
  ask(request: Request): Promise<Answer>;
  /** Waits until its log has said something so often. */
  said(pattern: RegExp, times?: number): Promise<void>;
  kill(): Promise<void>;
}

/** Opens a store in another process; fails with its words when it can't. */
export async function startTeller(dir: string, sync: "group" | "none" = "group"): Promise<Teller> {
  const args = ["run", "-A", "--no-check", TELLER, dir, sync];
  const child = new Deno.Command(Deno.execPath(), { args, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
  const input = child.stdin.getWriter();
  const answers = lines(child.stdout);
  const log = new Words(child.stderr);
  const next = async () => {
    const { done, value } = await within("the other process answers", answers.next());
    if (done) throw new Error(`The other process has ended: ${await log.all}`);
    return value;
  };
  const kill = async () => {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await child.status;
    await input.abort().catch(() => {/* nobody reads it any more */});
    await answers.return(undefined);
    await log.all;
  };
  try {
    await next();
  } catch (error) {
    await kill();
    throw error;
  }
  return {
    pid: child.pid,
    ask: async (request) => {
      await input.write(new TextEncoder().encode(JSON.stringify(request) + "\n"));
      return JSON.parse(await next());
    },
    said: (pattern, times) => within(() => `the other process says ${pattern}: ${log.text}`, log.said(pattern, times)),
    kill,
    [Symbol.asyncDispose]: kill,
  };
}

/** What a stream says, as text that can be waited for. */
class Words {
  text = "";
  /** All of it, when the stream has ended. */
  readonly all: Promise<string>;
  #wake = Promise.withResolvers<void>();

  constructor(stream: ReadableStream<Uint8Array>) {
    this.all = this.#read(stream);
  }

  async said(pattern: RegExp, times = 1): Promise<void> {
    while (this.text.split(pattern).length <= times) await this.#wake.promise;
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<string> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.text += decoder.decode(chunk, { stream: true });
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
    }
    return this.text;
  }
}

/** The lines of a stream. */
export async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const whole = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = whole.pop()!;
    yield* whole;
  }
}

/** Whether the system calls of another process can be made to fail here. */
export async function canInject(): Promise<boolean> {
  try {
    const args = ["-e", "inject=fdatasync:error=EIO", "true"];
    return (await new Deno.Command("strace", { args, stdout: "null", stderr: "null" }).output()).success;
  } catch {
    return false; // there is no strace
  }
}

/**
 * Makes system calls of a process fail until it is disposed.
 *
 * @param calls names of them, `fsync,fdatasync`
 * @param paths only those that work on these files
 */
export async function inject(pid: number, calls: string, paths: readonly string[] = []): Promise<AsyncDisposable> {
  const which = ["-e", `trace=${calls}`, "-e", `inject=${calls}:error=EIO`, ...paths.flatMap((path) => ["-P", path])];
  const args = ["-f", "-o", "/dev/null", ...which, "-p", String(pid)];
  const strace = new Deno.Command("strace", { args, stdin: "null", stdout: "null", stderr: "piped" }).spawn();
  const words = new Words(strace.stderr);
  await within(() => `strace is attached: ${words.text}`, words.said(/attached/));
  return {
    [Symbol.asyncDispose]: async () => {
      try {
        strace.kill("SIGINT"); // it lets go of the process
      } catch {
        // It has ended with the process.
      }
      await within("strace ends", strace.status);
      await words.all;
    },
  };
}

/** Whether a disk can be mounted here, in a name space of its own. */
export async function canMount(): Promise<boolean> {
  return await onSmallDisk(1024 * 1024, "").then(() => true, () => false);
}

/**
 * Runs a program with its arguments and a directory, where a disk of its own lies that is gone when it ends.
 *
 * @throws {Error} with what the program said, when it fails
 */
export async function onSmallDisk(bytes: number, program: string, ...args: readonly string[]): Promise<void> {
  const folder = await Deno.makeTempDir();
  const script = `mount -t tmpfs -o size=${bytes} tmpfs "$1" || exit 1; shift; exec "$@"`;
  const command = program === "" ? ["true"] : [Deno.execPath(), "run", "-A", "--no-check", program, ...args, folder];
  const rights = Deno.uid() === 0 ? "-m" : "-rm";
  try {
    const { success, stderr } = await new Deno.Command("unshare", {
      args: [rights, "sh", "-c", script, "sh", folder, ...command],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(folder);
  }
}
