/**
 * The certificate that a server serves, from whichever source, kept fresh for as long as it runs: swapped when there is a
 * new one, and served on when there can't be. Costs a look at the clock every hour.
 */

import type { Handler } from "../../http/handler.ts";
import type { TlsPair } from "../../http/tls.ts";
import type { Log } from "../../log.ts";
import type { TlsConfig } from "../config/model.ts";
import { gatewayLimits } from "../limits.ts";
import { type Clock, type PairSource, systemClock } from "./pair_source.ts";

/** A server's certificate. Disposing it stops what keeps it fresh. */
export interface Certificates extends AsyncDisposable {
  /** What is to be served to new connections now; good for all hosts that it was opened for. */
  readonly current: TlsPair;
  /**
   * Answers `/.well-known/acme-challenge/TOKEN`, over plain HTTP on port 80 and before all routes; undefined where no
   * authority asks.
   */
  readonly challenge: Handler | undefined;
  /** Has every new pair told. */
  onChange(listener: (pair: TlsPair) => void): void;
  /** Begins to keep it fresh: to be called when challenges can be answered, since an authority comes at once. */
  start(): void;
  /**
   * Reads again what the operator may have changed.
   *
   * @throws {TypeError} it can't be used; the pair before it is served on
   */
  reload(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Options of {@linkcode openCertificates}. */
export interface CertificatesOptions {
  readonly log: Log;
  /** Stops what keeps it fresh, as disposing it does. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  /** Gives numbers from 0 up to 1. */
  readonly random?: () => number;
}

/** A source, and what an authority is answered with. */
interface Opened {
  readonly source: PairSource;
  readonly challenge?: Handler;
}

/**
 * Opens a server's certificate. With ACME it asks no authority before `start()`: where none is stored, a self-signed one
 * is served until the authority has given one.
 *
 * @param hosts names of the server, lower case
 * @throws {TypeError} the files can't be used, or the hosts can't be had from the authority
 */
export async function openCertificates(
  config: TlsConfig,
  hosts: readonly string[],
  options: CertificatesOptions,
): Promise<Certificates> {
  const needs = { clock: systemClock, random: Math.random, ...options };
  const opened = await openSource(config, hosts, needs);
  return new KeptCertificates(await opened.source.open(), opened, needs);
}

/** What makes certificates is loaded where it is used: it costs up to 400 ms and 37 MiB. */
async function openSource(
  config: TlsConfig,
  hosts: readonly string[],
  needs: Required<Omit<CertificatesOptions, "signal">>,
): Promise<Opened> {
  if (config.kind === "files") {
    const { FileSource } = await import("./file_source.ts");
    return { source: new FileSource(config, hosts, needs) };
  }
  if (config.kind === "selfSigned") {
    const { SelfSignedSource } = await import("./self_signed_source.ts");
    return { source: new SelfSignedSource(config.dir, hosts, needs) };
  }
  const { AcmeSource } = await import("./acme_source.ts");
  const source = new AcmeSource(config, hosts, needs);
  return { source, challenge: source.challenges.handler };
}

/** A clock that jumps, or a source that is always due, costs no more than a look a second. */
const PAUSE_MIN_MS = 1000;

class KeptCertificates implements Certificates {
  readonly challenge: Handler | undefined;
  readonly #opened: Opened;
  readonly #clock: Clock;
  readonly #listeners: ((pair: TlsPair) => void)[] = [];
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  #current: TlsPair;
  #keeping: Promise<void> | undefined;

  constructor(first: TlsPair, opened: Opened, { clock, signal }: { clock: Clock; signal?: AbortSignal }) {
    [this.#current, this.#opened, this.#clock] = [first, opened, clock];
    this.challenge = opened.challenge;
    this.#signal = signal ? AbortSignal.any([signal, this.#stop.signal]) : this.#stop.signal;
  }

  get current(): TlsPair {
    return this.#current;
  }

  onChange(listener: (pair: TlsPair) => void): void {
    this.#listeners.push(listener);
  }

  start(): void {
    this.#keeping ??= this.#keep().catch((error) => {
      if (!this.#signal.aborted) throw error;
    });
  }

  async reload(): Promise<void> {
    this.#swap(await this.#opened.source.reload());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#keeping;
  }

  async #keep(): Promise<void> {
    const { source } = this.#opened;
    while (!this.#signal.aborted) {
      this.#swap(await source.look(this.#signal));
      const pauseMs = Math.max(source.due - this.#clock.now(), PAUSE_MIN_MS);
      await this.#clock.pause(Math.min(pauseMs, gatewayLimits.certificateLookMs), this.#signal);
    }
  }

  #swap(pair: TlsPair | undefined): void {
    if (!pair || (pair.cert === this.#current.cert && pair.key === this.#current.key)) return;
    this.#current = pair;
    for (const listener of this.#listeners) listener(pair);
  }
}
