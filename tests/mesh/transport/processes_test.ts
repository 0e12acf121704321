/** Links to another process, which is killed, stands still, or has few descriptors. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { dialLink } from "../../../src/mesh/transport/dial_link.ts";
import { until, within } from "../../support/within.ts";
import { Tape } from "./tape.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const WORKER = fileURLToPath(new URL("echo_worker.ts", import.meta.url));

/** A process that listens. */
class EchoProcess implements AsyncDisposable {
  readonly port: string;
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess, port: string) {
    this.#child = child;
    this.port = port;
  }

  static async start(descriptors = 1000): Promise<EchoProcess> {
    const args = ["-c", 'ulimit -n "$0" && exec "$@"', String(descriptors), Deno.execPath(), "run", "-A", WORKER];
    const child = new Deno.Command("bash", { args, cwd: ROOT, stdin: "null", stdout: "piped" }).spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let said = "";
    while (!said.includes("\n")) {
      const { value, done } = await within("the process listens", reader.read());
      if (done) throw new Error("The process has ended");
      said += value;
    }
    await reader.cancel();
    return new EchoProcess(child, said.trim().split(":").at(-1)!);
  }

  /** An open link to it, that has been answered. */
  async dial(protocol: string): Promise<Tape> {
    const tape = new Tape(await dialLink(`${protocol}://127.0.0.1:${this.port}`)).open();
    tape.write("\0");
    await tape.got(1);
    return tape;
  }

  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by now.
    }
    await this.#child.status;
  }
}

Deno.test("a process that is killed is noticed by all its links, the paused ones when they go on", async () => {
  await using process = await EchoProcess.start();
  const tapes = [await process.dial("tcp"), await process.dial("ws")];
  const paused = [await process.dial("tcp"), await process.dial("ws")];
  for (const tape of paused) tape.pause();
  process.kill("SIGKILL");
  await Promise.all(tapes.map((tape) => tape.closed()));
  for (const tape of paused) tape.resume();
  await Promise.all(paused.map((tape) => tape.closed()));
  deepEqual([...tapes, ...paused].map(({ closes }) => closes), [1, 1, 1, 1]);
});

Deno.test("one that is killed while much is on its way is noticed, too", async () => {
  await using process = await EchoProcess.start();
  const tapes = [await process.dial("tcp"), await process.dial("ws")];
  process.kill("SIGSTOP");
  for (const tape of tapes) for (let i = 0; i < 32; i++) tape.write(new Uint8Array(512 * 1024));
  process.kill("SIGKILL");
  await Promise.all(tapes.map((tape) => tape.closed()));
  for (const tape of tapes) equal(tape.write("late"), false);
});

Deno.test("a listener keeps below the descriptors of its process, and goes on when a rush is over", async () => {
  await using process = await EchoProcess.start(512);
  const hostname = "127.0.0.1";
  const connect = () => Deno.connect({ hostname, port: Number(process.port) });
  const rush = await Promise.all(Array.from({ length: 400 }, connect));
  const ended = await Promise.all(rush.map(async (connection) => {
    await connection.write(Uint8Array.of(0)).catch(() => 0); // it may be over by now
    const answer = connection.read(new Uint8Array(1)).catch(() => null); // a reset is an end as well
    return await within("it is answered or ended", answer) === null;
  }));
  equal(ended.filter((isEnded) => !isEnded).length, 256);
  for (const connection of rush) connection.close();
  let tape: Tape | undefined;
  await until("there is room again", async () => {
    tape = await process.dial("ws").catch(() => undefined);
    return tape !== undefined;
  });
  ok(tape);
  tape.end();
  await tape.closed();
});
