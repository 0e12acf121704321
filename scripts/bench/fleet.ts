/** Runs several rivals side by side and keeps account of what fails: a rival that cannot do a thing must not end the run. */

import type { Rival, RivalContext, Server } from "./rivals/rival.ts";

/** A rival, and what it is to serve: not all speak to programs in the same way. */
export interface Contestant {
  rival: Rival;
  /** Path of the program, or what else the rival serves. */
  program: string;
}

/** A rival that runs. */
export interface Entrant {
  name: string;
  server: Server;
  /** As its rival. */
  compiles: boolean;
}

/** What could not be measured, and why. */
export class Failures {
  readonly #reasons = new Map<string, string>();

  constructor(readonly signal: AbortSignal) {}

  /** Does the work unless it failed before; null if it fails. Only the end of the whole run is thrown on. */
  async attempt<T>(label: string, work: () => Promise<T>): Promise<T | null> {
    if (this.#reasons.has(label)) return null;
    try {
      return await work();
    } catch (error) {
      this.signal.throwIfAborted();
      this.#reasons.set(label, error instanceof Error ? error.message : String(error));
      return null;
    }
  }

  /** As Markdown list items, empty if all went well. */
  toString(): string {
    return [...this.#reasons].map(([label, reason]) => `- ${label}: ${reason.replaceAll(/\s+/g, " ")}`).join("\n");
  }
}

/**
 * Starts all rivals with their programs, and ends them after the work. One that can't be started fails in that subject.
 */
export async function withServers(
  contestants: readonly Contestant[],
  context: RivalContext & { subject: string; failures: Failures },
  work: (entrants: readonly Entrant[]) => Promise<void>,
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const entrants: Entrant[] = [];
  for (const { rival, program } of contestants) {
    const server = await context.failures.attempt(
      `${rival.name}, ${context.subject}`,
      () => rival.start(program, context),
    );
    if (server !== null) {
      entrants.push({ name: rival.name, server: stack.use(server), compiles: rival.compiles ?? false });
    }
  }
  await work(entrants);
}

/** Measures each rival in turn, round after round. One that failed in any round is left out. */
export async function inRounds<T>(
  measures: ReadonlyMap<string, () => Promise<T>>,
  options: { rounds: number; subject: string; failures: Failures },
): Promise<Map<string, T[]>> {
  const { rounds, subject, failures } = options;
  console.error(subject);
  const samples = new Map<string, T[]>([...measures.keys()].map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, measure] of measures) {
      const sample = await failures.attempt(`${name}, ${subject}`, measure);
      if (sample === null) samples.delete(name);
      else samples.get(name)?.push(sample);
    }
  }
  return samples;
}
