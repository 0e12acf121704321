/** What the programs of a pipe or a chain used, told as that of one: their times together, and the memory of the largest. */

import { fieldOf } from "../../http/bytes_response.ts";
import type { Handler } from "../../http/handler.ts";
import { gatewayLimits } from "../limits.ts";
import { type EndedProcess, UsageStats } from "./usage_stats.ts";

/** The programs of one request. */
interface Stages {
  /** How many are to come, those that have begun among them. */
  expected: number;
  begun: number;
  running: number;
  /** By `performance.now()`. */
  readonly startedAt: number;
  readonly ended: EndedProcess[];
}

/** Programs of one route, and the answers that wait to tell of them. */
export class StageUsage {
  readonly #count: number;
  readonly #stats = new UsageStats();
  /** By request, until all have ended. */
  readonly #requests = new Map<string, Stages>();

  /** @param count how many programs a request has */
  constructor(count: number) {
    this.#count = count;
  }

  /** To be told of each process that has started. */
  started({ requestId }: Pick<EndedProcess, "requestId">): void {
    let stages = this.#requests.get(requestId);
    if (!stages) {
      stages = { expected: this.#count, begun: 0, running: 0, startedAt: performance.now(), ended: [] };
      this.#requests.set(requestId, stages);
      this.#stats.started({ requestId });
      // Where a stage was refused, or its client left, the others never come to be all.
      if (this.#requests.size > gatewayLimits.statsProcesses) {
        this.#requests.delete(this.#requests.keys().next().value!);
      }
    }
    stages.begun++;
    stages.running++;
  }

  /** To be told of each that has ended. */
  ended(report: EndedProcess): void {
    const stages = this.#requests.get(report.requestId);
    if (!stages) return;
    stages.running--;
    stages.ended.push(report);
    this.#settle(report.requestId, stages);
  }

  /** Makes answers tell. */
  tell(handler: Handler): Handler {
    return this.#stats.tell(async (request, info) => {
      const response = await handler(request, info);
      const requestId = fieldOf(response, "x-request-id") ?? "";
      const stages = this.#requests.get(requestId);
      if (stages && !response.ok) {
        stages.expected = stages.begun; // nothing comes behind what has failed
        this.#settle(requestId, stages);
      }
      return response;
    });
  }

  #settle(requestId: string, { expected, begun, running, startedAt, ended }: Stages): void {
    if (running > 0 || begun < expected) return;
    this.#requests.delete(requestId);
    this.#stats.ended({ requestId, durationMs: performance.now() - startedAt, usage: together(ended) });
  }
}

function together(ended: readonly EndedProcess[]): EndedProcess["usage"] {
  const usages = ended.flatMap(({ usage }) => usage ?? []);
  if (usages.length === 0) return undefined;
  return {
    userMs: usages.reduce((sum, { userMs }) => sum + userMs, 0),
    systemMs: usages.reduce((sum, { systemMs }) => sum + systemMs, 0),
    maxRssBytes: Math.max(...usages.map(({ maxRssBytes }) => maxRssBytes)),
  };
}
