/** The descriptors of one start of a program: its pipes, of which each end goes where it belongs or is closed. */

import type { LaunchSpec } from "./launcher.ts";
import type { Libc } from "./libc.ts";
import { makePipe, PipeSink, PipeSource, writeNow } from "./pipe.ts";

/** Descriptors that are closed on disposal, but for those that were handed on. */
export class Descriptors implements Disposable {
  readonly #libc: Libc;
  readonly #open = new Set<number>();

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  pipe(): { read: number; write: number } {
    const [read, write] = makePipe(this.#libc);
    this.#open.add(read).add(write);
    return { read, write };
  }

  /** Takes a descriptor over. */
  adopt(fd: number): number {
    this.#open.add(fd);
    return fd;
  }

  release(fd: number): number {
    this.#open.delete(fd);
    return fd;
  }

  [Symbol.dispose](): void {
    for (const fd of this.#open) this.#libc.close(fd);
  }
}

/** The server's ends of a child's standard streams. */
export interface ChildPipes {
  readonly stdin: PipeSink | undefined;
  readonly stdout: PipeSource;
  readonly stderr: PipeSource;
}

/** Pipes for a child that is about to be started: they belong to their descriptors until `take` is called. */
export interface PreparedPipes {
  /** The child's ends, in the order of its descriptors; undefined where it gets no standard input. */
  readonly theirs: readonly [stdin: number | undefined, stdout: number, stderr: number];
  /** Takes the server's ends over. */
  take(): ChildPipes;
}

/** Makes the pipes for a child's standard streams, and writes as much of the input as one takes. */
export function preparePipes(libc: Libc, fds: Descriptors, input: LaunchSpec["stdin"]): PreparedPipes {
  const stdin = input === "null" ? undefined : fds.pipe();
  const stdout = fds.pipe();
  const stderr = fds.pipe();
  const fed = input instanceof Uint8Array ? writeNow(libc, stdin!.write, input) : 0;
  return {
    theirs: [stdin?.read, stdout.write, stderr.write],
    take: () => ({
      stdin: stdin && feed(libc, fds, stdin.write, input, fed),
      stdout: new PipeSource(libc, fds.release(stdout.read)),
      stderr: new PipeSource(libc, fds.release(stderr.read)),
    }),
  };
}

/** The sink for what of a child's standard input was not written yet; undefined when there is none. */
function feed(libc: Libc, fds: Descriptors, fd: number, input: LaunchSpec["stdin"], fed: number): PipeSink | undefined {
  if (input instanceof Uint8Array && fed === input.byteLength) return undefined;
  const sink = new PipeSink(libc, fds.release(fd));
  if (input === "pipe" || input === "null") return sink;
  sink.write(input.subarray(fed)).then(() => sink.close());
  return sink;
}
