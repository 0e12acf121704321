/** The pipe by which a warm parent and its children report: lines as they come, and the certainty that none is missing. */

import type { Libc } from "../libc.ts";
import { PipeSource } from "../pipe.ts";
import { LineReader, parseReport, type Report } from "./reports.ts";

/** More than a pipe holds, so that a read takes whole reports. */
const REPORTS_BYTES = 64 * 1024;
/** How long, and in how many turns of the event loop, whatever it has read from a pipe has reached us. */
const SETTLE_MS = 10;
const TURNS = 5;
const F_DUPFD_CLOEXEC = 1030;

/** Reads reports until it is closed. Nonsense is told of, and what follows it is heard on. */
export class ReportPipe {
  readonly #libc: Libc;
  readonly #source: PipeSource;
  /** The same pipe, to see whether the event loop has read all of it. */
  readonly #rest: number;
  readonly #lines = new LineReader();
  readonly #onReport: (report: Report) => void;
  readonly #onNonsense: (error: unknown) => void;
  readonly #read: Promise<void>;

  /**
   * Takes the read end over.
   *
   * @param onReport what it throws is nonsense too
   */
  constructor(libc: Libc, fd: number, onReport: (report: Report) => void, onNonsense: (error: unknown) => void) {
    this.#libc = libc;
    this.#source = new PipeSource(libc, fd);
    this.#rest = libc.fcntl(fd, F_DUPFD_CLOEXEC, 0);
    this.#onReport = onReport;
    this.#onNonsense = onNonsense;
    this.#source.attach();
    this.#read = this.#readAll();
  }

  /** Takes every report that was written up to now, by processes that may have gone since. */
  async settle(): Promise<void> {
    const bytes = new Uint8Array(REPORTS_BYTES);
    const count = Number(this.#libc.read(this.#rest, bytes, BigInt(REPORTS_BYTES)));
    // What is not there any more the event loop has, and will let us know.
    for (let i = 0; i < TURNS; i++) await new Promise((resolve) => setTimeout(resolve, SETTLE_MS / TURNS));
    if (count > 0) this.#hear(bytes.subarray(0, count));
  }

  async close(): Promise<void> {
    this.#source.cancel();
    this.#libc.close(this.#rest);
    await this.#read;
  }

  async #readAll(): Promise<void> {
    try {
      for (let chunk = await this.#source.read(); chunk; chunk = await this.#source.read()) this.#hear(chunk);
    } catch (error) {
      this.#onNonsense(error);
    }
  }

  #hear(chunk: Uint8Array): void {
    try {
      for (const line of this.#lines.lines(chunk)) this.#hearLine(line);
    } catch (error) {
      this.#onNonsense(error);
    }
  }

  #hearLine(line: string): void {
    try {
      this.#onReport(parseReport(line));
    } catch (error) {
      this.#onNonsense(error);
    }
  }
}
