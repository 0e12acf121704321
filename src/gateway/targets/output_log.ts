/** Standard output of a route's programs in the log, line by line, besides where it goes. */

import type { Log } from "../../log.ts";
import { OutputLines } from "../../process/output_lines.ts";

/** Lines of all requests of a program, each request's apart. */
export class OutputLog {
  readonly #log: Log;
  readonly #lines = new Map<string, OutputLines>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Takes a chunk as it was read. */
  take(chunk: Uint8Array, request: string): void {
    const lines = this.#lines.get(request) ?? this.#newLines(request);
    this.#lines.set(request, lines);
    lines.push(chunk);
  }

  /** A request's process has ended. */
  end(request: string): void {
    this.#lines.get(request)?.end();
    this.#lines.delete(request);
  }

  #newLines(request: string): OutputLines {
    return new OutputLines("standard output", (line) => this.#log("info", line, { request, stream: "stdout" }), 0);
  }
}
