/** A server that has its certificate from an authority: as far as an authority and clients see it. */

import type { AcmeConfig } from "../../src/gateway/config/model.ts";
import { type Certificates, openCertificates } from "../../src/gateway/tls/certificates.ts";
import type { Clock } from "../../src/gateway/tls/pair_source.ts";
import type { Handler } from "../../src/http/handler.ts";
import type { TlsPair } from "../../src/http/tls.ts";
import { problem } from "../../src/http/problem.ts";
import type { LogFields, LogLevel } from "../../src/log.ts";
import { type Folder, makeFolder } from "./folder.ts";
import { listen } from "./in_process.ts";
import { type Pebble, type PebbleOptions, startPebble } from "./pebble.ts";
import { within } from "./within.ts";

/** What every certificate is asked for. */
export const HOSTS = ["a.example", "b.example"];

/** The machine's time, and what a test adds to it; pauses end when the test says so. */
export class TestClock implements Clock {
  #added = 0;
  readonly #pauses = new Set<{ readonly until: number; end(): void }>();
  #paused = Promise.withResolvers<void>();

  now(): number {
    return Date.now() + this.#added;
  }

  pause(ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const entry = { until: this.now() + ms, end: resolve };
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    this.#pauses.add(entry);
    this.#paused.resolve();
    return promise.finally(() => {
      this.#pauses.delete(entry);
      signal.removeEventListener("abort", abort);
    });
  }

  /** Waits until something pauses, and lets time pass. */
  async pass(ms: number): Promise<void> {
    await within("a pause", this.#paused.promise);
    this.#added += ms;
    this.#paused = Promise.withResolvers();
    let left = 0;
    for (const { until, end } of this.#pauses) {
      if (until <= this.now()) end();
      else left++;
    }
    if (left > 0) this.#paused.resolve();
  }

  /** Waits until something pauses. */
  async settled(): Promise<void> {
    await within("a pause", this.#paused.promise);
  }
}

/** One line of a log. */
export interface Line {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** A log that is kept. */
export function keepLog(): { lines: Line[]; log: (level: LogLevel, message: string, fields?: LogFields) => void } {
  const lines: Line[] = [];
  return { lines, log: (level, message, fields = {}) => void lines.push({ level, message, fields }) };
}

/** An authority, and a server with a folder of its own that the authority asks. */
export interface AcmeWorld extends AsyncDisposable {
  readonly pebble: Pebble;
  readonly folder: Folder;
  readonly config: AcmeConfig;
  readonly clock: TestClock;
  readonly lines: Line[];
  /** Answers on port 80; a test may put another in its place. */
  handler: Handler;
  /** The next pair that the server is told of. */
  next(certificates: Certificates): Promise<TlsPair>;
  /** Opens the server's certificate, and has it answer challenges. */
  open(config?: Partial<AcmeConfig>): Promise<Certificates>;
}

/** Starts both. */
export async function startAcme(options: PebbleOptions = {}): Promise<AcmeWorld> {
  await using made = new AsyncDisposableStack();
  const folder = made.use(await makeFolder());
  const state = { handler: (): Response | Promise<Response> => problem(404, "Nothing is here") } as {
    handler: Handler;
  };
  const front = made.use(await listen((request, info) => state.handler(request, info)));
  const pebble = made.use(await startPebble({ httpPort: Number(new URL(front.url).port), ...options }));
  const config: AcmeConfig = {
    kind: "acme",
    directory: pebble.directory,
    email: "operator@a.example",
    dir: folder.file("acme"),
    renewBeforeMs: 600_000,
    caCert: pebble.caCert,
  };
  const [clock, { lines, log }] = [new TestClock(), keepLog()];
  const kept = made.move();
  return Object.assign(state, {
    pebble,
    folder,
    config,
    clock,
    lines,
    next: (certificates: Certificates) => {
      const { promise, resolve } = Promise.withResolvers<TlsPair>();
      certificates.onChange(resolve);
      return within(() => `another certificate; the log: ${Deno.inspect(lines)}`, promise);
    },
    open: async (changes: Partial<AcmeConfig> = {}) => {
      const certificates = await openCertificates({ ...config, ...changes }, HOSTS, { log, clock });
      state.handler = certificates.challenge!;
      return certificates;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  });
}
