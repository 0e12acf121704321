/** One line on a terminal that says how far it has come. */

import { writeStderr } from "./output.ts";

/** How often the line is written anew, milliseconds. */
const EVERY_MS = 250;
/** How much an older rate weighs beside what was seen last. */
const INERTIA = 0.7;

/** Width of a terminal that does not tell. */
const COLUMNS = 80;

/** What is shown. */
export interface ProgressSource {
  /** Of what. */
  readonly title: string;
  /** Bytes so far. */
  bytes(): number;
  /** What keeps it from going on, if something does. */
  trouble(): string | undefined;
}

/** Shows progress until it is disposed of. */
export class Progress implements Disposable {
  readonly #source: ProgressSource;
  readonly #timer: ReturnType<typeof setInterval>;
  #bytes = 0;
  #rate = 0;
  #at = performance.now();

  constructor(source: ProgressSource) {
    this.#source = source;
    this.#timer = setInterval(() => this.#show(), EVERY_MS);
    this.#show();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#show();
    writeStderr("\n");
  }

  #show(): void {
    const { title } = this.#source;
    const bytes = this.#source.bytes();
    const now = performance.now();
    const seconds = Math.max((now - this.#at) / 1000, 0.001);
    this.#rate = INERTIA * this.#rate + (1 - INERTIA) * (bytes - this.#bytes) / seconds;
    [this.#bytes, this.#at] = [bytes, now];
    const trouble = this.#source.trouble();
    const state = trouble === undefined ? `${formatBytes(this.#rate)}/s` : `reconnecting: ${trouble}`;
    writeStderr(`\r\x1b[K${fit(`${title}: ${formatBytes(bytes)}, ${state}`)}`);
  }
}

/** A line that wraps could not be written over. */
function fit(line: string): string {
  const columns = Deno.consoleSize().columns || COLUMNS;
  return line.length < columns ? line : line.slice(0, Math.max(0, columns - 2)) + "…";
}

/** A size for people: 512 B, 1.5 kB, 20 MB. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const value = bytes / 1000 ** power;
  return `${power > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[power]}`;
}
