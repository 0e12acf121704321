/** Calls to a service in a simulation, one after another without waiting for them. */

import { equal } from "node:assert/strict";
import { HttpError } from "../../../src/errors.ts";
import type { SimulatedMesh, SimulatedNode } from "./simulated_mesh.ts";

/** What became of a call, and how long it took. */
export interface Outcome {
  readonly answer: string;
  readonly ms: number;
}

/** Calls again and again, one call each so many milliseconds; they are not waited for. */
export class SimulatedLoad {
  readonly outcomes: Outcome[] = [];
  #underWay = 0;
  readonly #mesh: SimulatedMesh;
  readonly #caller: SimulatedNode;
  readonly #service: string;
  readonly #init: RequestInit;

  constructor(mesh: SimulatedMesh, caller: SimulatedNode, service: string, init: RequestInit = {}) {
    [this.#mesh, this.#caller, this.#service, this.#init] = [mesh, caller, service, init];
  }

  async run(ms: number, everyMs = 10): Promise<void> {
    for (let passed = 0; passed < ms; passed += everyMs) {
      void this.#call();
      await this.#mesh.clock.pass(everyMs);
    }
  }

  async end(): Promise<void> {
    for (let i = 0; i < 1000 && this.#underWay > 0; i++) await this.#mesh.clock.pass(100);
    equal(this.#underWay, 0);
  }

  /** How often each answer came. */
  get answers(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { answer } of this.outcomes) counts[answer] = (counts[answer] ?? 0) + 1;
    return counts;
  }

  get slowestMs(): number {
    return Math.max(...this.outcomes.map(({ ms }) => ms));
  }

  async #call(): Promise<void> {
    const { clock } = this.#mesh;
    const sinceMs = clock.nowMs();
    this.#underWay++;
    let answer: string;
    try {
      const response = await this.#caller.node.fetch(this.#service, new Request("http://service/", this.#init));
      answer = response.ok ? await response.text() : String(response.status);
    } catch (error) {
      answer = error instanceof HttpError ? String(error.status) : String(error);
    }
    this.#underWay--;
    this.outcomes.push({ answer, ms: clock.nowMs() - sinceMs });
  }
}
