/** Nodes in processes of their own, which tests kill, stop, or cut off. */

import { fileURLToPath } from "node:url";
import { Transcript } from "../serve.ts";
import { within } from "../within.ts";

/** What a process is to be. */
export interface NodeProcessOptions {
  readonly listen?: string;
  readonly join?: readonly string[];
  /** What it offers. Each is answered with its name. */
  readonly services?: readonly string[];
  readonly name?: string;
  /** How long that takes. */
  readonly delayMs?: number;
}

/** What calls came to. */
export interface Loaded {
  readonly answers: Readonly<Record<string, number>>;
  readonly slowestMs: number;
  /** Calls that took more than a second. */
  readonly slow: number;
}

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const WORKER = fileURLToPath(new URL("node_worker.ts", import.meta.url));

/** A process. Disposing it kills it. */
export class NodeProcess implements AsyncDisposable {
  readonly id: string;
  readonly addresses: readonly string[];
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #transcript: Transcript;
  #hasEnded = false;

  private constructor(child: Deno.ChildProcess, transcript: Transcript, said: string) {
    ({ id: this.id, addresses: this.addresses } = JSON.parse(said));
    this.#child = child;
    this.#input = child.stdin.getWriter();
    this.#transcript = transcript;
    child.status.then(() => this.#hasEnded = true);
  }

  /** Starts one, and waits until it has joined. @param prefix a command that starts it, such as one for a namespace */
  static async start(options: NodeProcessOptions, prefix: readonly string[] = []): Promise<NodeProcess> {
    const [program, ...args] = [...prefix, Deno.execPath(), "run", "-A", "--no-check", WORKER, JSON.stringify(options)];
    const child = new Deno.Command(program, { args, cwd: ROOT, stdin: "piped", stdout: "piped" }).spawn();
    const transcript = new Transcript(child.stdout);
    const [said] = await within("a node starts", transcript.match(/^\{"id".*\}$/m));
    return new NodeProcess(child, transcript, said);
  }

  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Lets it call a service. @param parallel calls at a time */
  async load(service: string, parallel: number): Promise<void> {
    await this.#write(`load ${service} ${parallel}\n`);
  }

  /** Lets it end that. Once for each process. */
  async stopLoad(): Promise<Loaded> {
    await this.#write("stop\n");
    const [said] = await within("calls end", this.#transcript.match(/^\{"answers".*\}$/m));
    return JSON.parse(said);
  }

  /** Asks it to leave; resolves when it has. */
  async leave(): Promise<void> {
    await this.#input.close();
    await within("a node leaves", this.#child.status);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) this.#child.kill("SIGKILL");
    await Promise.all([this.#child.status, this.#transcript.ended]);
    await this.#input.abort().catch(() => {/* it was closed */});
  }

  async #write(text: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(text));
  }
}
