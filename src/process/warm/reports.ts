/** What a warm parent and its children report, a line each: docs/warm.md has the protocol. */

import type { Exit } from "../../errors.ts";
import type { ResourceUsage } from "../launcher.ts";
import { killedBy } from "../piped_child.ts";

/** One line of a report. */
export type Report =
  /** The parent has loaded all it may load, and can fork. */
  | { readonly kind: "ready" }
  /** The program does not qualify, or a child could not be forked. */
  | { readonly kind: "refused" | "failed"; readonly why: string }
  /** A child has begun a run. */
  | { readonly kind: "took"; readonly pid: number; readonly run: number }
  /** A run is over, only the process is not. */
  | { readonly kind: "done"; readonly pid: number; readonly code: number }
  /** A child has been reaped. */
  | {
    readonly kind: "ended";
    readonly pid: number;
    readonly exit: Exit;
    readonly usage: ResourceUsage;
    /** Whether its group still had members. */
    readonly left: boolean;
  };

/** No line is longer: what a pipe takes in one piece. */
const LINE_BYTES_MAX = 4096;

/**
 * Reads one line.
 *
 * @throws {SyntaxError} when it is no report
 */
export function parseReport(line: string): Report {
  const [kind, ...words] = line.split(" ");
  switch (kind) {
    case "ready":
      return { kind };
    case "refused":
    case "failed":
      return { kind, why: words.join(" ") };
    case "took":
      return { kind, pid: pidOf(words, 2, line), run: Number(words[1]) };
    case "done":
      return { kind, pid: pidOf(words, 2, line), code: Number(words[1]) };
    case "ended":
      return {
        kind,
        pid: pidOf(words, 6, line),
        exit: exitOf(Number(words[1])),
        usage: {
          userMs: Number(words[2]) / 1000,
          systemMs: Number(words[3]) / 1000,
          maxRssBytes: Number(words[4]) * 1024,
        },
        left: words[5] !== "0",
      };
  }
  throw unreadable(line);
}

/** The first of so many numbers, which is a process id: never 0 or 1, because signals are sent to it. */
function pidOf(words: readonly string[], count: number, line: string): number {
  const pid = Number(words[0]);
  if (words.length !== count || pid <= 1 || !words.every((word) => /^\d{1,15}$/.test(word))) throw unreadable(line);
  return pid;
}

function unreadable(line: string): SyntaxError {
  return new SyntaxError(`Cannot read the report ${JSON.stringify(line)}`);
}

/** What a wait status says: the low seven bits are a signal, the next byte an exit code. */
function exitOf(status: number): Exit {
  const signal = status & 0x7f;
  return signal === 0 ? { code: status >> 8 & 0xff, signal: null } : killedBy(signal);
}

/** Cuts what comes in pieces into lines. */
export class LineReader {
  readonly #decoder = new TextDecoder();
  #rest = "";

  /**
   * Takes a piece and gives the lines that are whole with it.
   *
   * @throws {RangeError} for a line that no report can be
   */
  lines(chunk: Uint8Array): string[] {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split("\n");
    this.#rest = lines.pop()!;
    if (this.#rest.length <= LINE_BYTES_MAX) return lines;
    this.#rest = "";
    throw new RangeError("A report is longer than 4096 bytes");
  }
}
