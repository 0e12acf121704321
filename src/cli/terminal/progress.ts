/** One line on a terminal that says how far it has come. */

import { StatusLine } from "./status_line.ts";

/** How often the line is written anew, milliseconds. */
const EVERY_MS = 250;
/** How much an older rate weighs beside what was seen last. */
const INERTIA = 0.7;

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
  readonly #line = new StatusLine();
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
    this.#line.leave();
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
    this.#line.show(`${title}: ${formatBytes(bytes)}, ${state}`);
  }
}

/** A size for people: 512 B, 1.5 kB, 20 MB. */
function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const value = bytes / 1000 ** power;
  return `${power > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[power]}`;
}
