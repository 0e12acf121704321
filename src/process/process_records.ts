/** What is known of the processes of requests, while they run and for a while after: for an operator who asks. */

import type { Exit } from "../errors.ts";
import { limits } from "../limits.ts";
import type { ResourceUsage } from "./launcher.ts";
import type { StartReport } from "./program_options.ts";

/** A process of a request; what is known at its end alone is undefined before. */
export interface ProcessRecord {
  readonly requestId: string;
  readonly pid: number;
  /** What the program is called in logs. */
  readonly title: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number | undefined;
  readonly durationMs: number | undefined;
  readonly exit: Exit | undefined;
  /** Undefined also where the system does not tell. */
  readonly usage: ResourceUsage | undefined;
  readonly memoryPeakBytes: number | undefined;
  readonly stdoutBytes: number | undefined;
  readonly stderrBytes: number | undefined;
  /** The last of what it wrote to standard error. */
  readonly stderrTail: string | undefined;
  /** Why the run failed or was stopped; undefined also when it went well. */
  readonly error: string | undefined;
}

/** How a process went; an `ExitReport` says it all. */
export interface ProcessEnd extends Exit {
  readonly requestId: string;
  readonly pid: number;
  readonly title?: string;
  readonly startedAt: number;
  readonly durationMs: number;
  readonly usage: ResourceUsage | undefined;
  readonly memoryPeakBytes?: number;
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
  readonly stderrTail?: string;
  readonly error: Error | undefined;
}

/** Options of {@linkcode ProcessRecords}. */
export interface ProcessRecordsOptions {
  /** How long a process is known after its end, milliseconds. */
  readonly keptMs: number;
  /** Processes that have ended and are known, at most; the oldest are forgotten first. */
  readonly endedMax?: number;
  /** Milliseconds. */
  readonly clock?: () => number;
}

/**
 * Processes by request. There is no timer: what has been kept long enough is forgotten when something else is asked or told.
 * Those that run are as many as the gates of their programs let through.
 */
export class ProcessRecords {
  /** How long a process is known after its end, milliseconds. */
  keptMs: number;
  readonly #endedMax: number;
  readonly #clock: () => number;
  /** A request has several when its handler is a pipe or a chain. */
  readonly #byRequest = new Map<string, ProcessRecord[]>();
  /** The oldest first, with the time of its end by our clock. */
  readonly #ended = new Map<ProcessRecord, number>();

  constructor({ keptMs, endedMax = limits.processRecords, clock = () => performance.now() }: ProcessRecordsOptions) {
    this.keptMs = keptMs;
    this.#endedMax = endedMax;
    this.#clock = clock;
  }

  /** Takes note of a start. */
  started({ requestId, pid, title, startedAt }: StartReport): void {
    this.#forget();
    this.#add({ ...NOTHING_YET, requestId, pid, title, startedAt });
  }

  /** Takes note of an end, of a process whose start was told or not. */
  ended(end: ProcessEnd): void {
    const running = this.#byRequest.get(end.requestId)?.find((record) =>
      record.pid === end.pid && record.endedAt === undefined
    );
    if (running) this.#remove(running);
    const { code, signal, error, stderrTail, title = running?.title ?? "", ...rest } = end;
    const record: ProcessRecord = {
      requestId: rest.requestId,
      pid: rest.pid,
      title,
      startedAt: rest.startedAt,
      endedAt: rest.startedAt + rest.durationMs,
      durationMs: rest.durationMs,
      exit: { code, signal },
      usage: rest.usage,
      memoryPeakBytes: rest.memoryPeakBytes,
      stdoutBytes: rest.stdoutBytes,
      stderrBytes: rest.stderrBytes,
      stderrTail: stderrTail?.slice(-limits.processRecordTailChars),
      error: error?.message,
    };
    this.#add(record);
    this.#ended.set(record, this.#clock());
    this.#forget();
  }

  /** The processes of a request, in the order of their starts; none when nothing is known of it, or no more. */
  find(requestId: string): readonly ProcessRecord[] {
    this.#forget();
    return [...this.#byRequest.get(requestId) ?? []].sort((a, b) => a.startedAt - b.startedAt);
  }

  #add(record: ProcessRecord): void {
    const known = this.#byRequest.get(record.requestId);
    if (known) known.push(record);
    else this.#byRequest.set(record.requestId, [record]);
  }

  #remove(record: ProcessRecord): void {
    const others = this.#byRequest.get(record.requestId)!.filter((other) => other !== record);
    if (others.length > 0) this.#byRequest.set(record.requestId, others);
    else this.#byRequest.delete(record.requestId);
  }

  #forget(): void {
    const until = this.#clock() - this.keptMs;
    for (const [record, endedAt] of this.#ended) {
      if (endedAt > until && this.#ended.size <= this.#endedMax) return;
      this.#ended.delete(record);
      this.#remove(record);
    }
  }
}

const NOTHING_YET = {
  endedAt: undefined,
  durationMs: undefined,
  exit: undefined,
  usage: undefined,
  memoryPeakBytes: undefined,
  stdoutBytes: undefined,
  stderrBytes: undefined,
  stderrTail: undefined,
  error: undefined,
};
