/** Calls to a service, so many at a time, as long as it is wanted. */

import { HttpError } from "../../../src/errors.ts";
import type { MeshNode } from "../../../src/mesh/node/mesh_node.ts";

/** How it is called. */
export interface CallLoadOptions {
  /** Calls under way at a time. */
  readonly parallel: number;
  readonly init?: RequestInit;
}

/** Calls until it is stopped. */
export class CallLoad implements AsyncDisposable {
  /** How often each text was answered, and each status where there was none. */
  readonly answers: Record<string, number> = {};
  /** What each call took, milliseconds, in the order of their ends. */
  readonly tookMs: number[] = [];
  readonly #node: MeshNode;
  readonly #service: string;
  readonly #init: RequestInit | undefined;
  readonly #done: Promise<unknown>;
  #isStopped = false;

  /** Begins. */
  constructor(node: MeshNode, service: string, { parallel, init }: CallLoadOptions) {
    this.#node = node;
    this.#service = service;
    this.#init = init;
    this.#done = Promise.all(Array.from({ length: parallel }, () => this.#run()));
  }

  /** Calls that have ended. */
  get count(): number {
    return this.tookMs.length;
  }

  get slowestMs(): number {
    return this.tookMs.reduce((slowest, ms) => Math.max(slowest, ms), 0); // too many to be arguments
  }

  /** Begins no more calls; resolves when those under way have ended. */
  async stop(): Promise<this> {
    this.#isStopped = true;
    await this.#done;
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const sinceMs = performance.now();
      const answer = await this.#call();
      this.answers[answer] = (this.answers[answer] ?? 0) + 1;
      this.tookMs.push(performance.now() - sinceMs);
    }
  }

  async #call(): Promise<string> {
    try {
      const response = await this.#node.fetch(this.#service, new Request("http://service/", this.#init));
      return response.ok ? await response.text() : String(response.status);
    } catch (error) {
      await new Promise((resolve) => setTimeout(resolve, 1)); // a failure may take no time at all
      return error instanceof HttpError ? String(error.status) : String(error);
    }
  }
}
