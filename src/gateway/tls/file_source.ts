/**
 * A certificate in files of the operator's. They are read again every hour and on reload: what renews them need tell
 * nobody. One that has expired is served all the same, because nothing else can be, and an error in the log says so: to
 * refuse it would take down what clients with a lax check still reach, and at the next restart all else on the server.
 */

import { checkTlsPair, type TlsPair } from "../../http/tls.ts";
import type { Log, LogLevel } from "../../log.ts";
import type { TlsConfig } from "../config/model.ts";
import { gatewayLimits } from "../limits.ts";
import { lifeOf, showTime, uncoveredHosts } from "./certificate_facts.ts";
import type { Clock, PairSource } from "./pair_source.ts";
import { readBounded } from "./private_files.ts";

/** So often the same warning is repeated, milliseconds. */
const REMIND_MS = 24 * 3_600_000;

/** What is wrong with a certificate that is served all the same. */
export interface Complaint {
  readonly level: LogLevel;
  readonly text: string;
}

/** The source for `files`. */
export class FileSource implements PairSource {
  readonly #files: TlsConfig & { kind: "files" };
  readonly #hosts: readonly string[];
  readonly #clock: Clock;
  readonly #log: Log;
  #served: TlsPair | undefined;
  #remindAt = 0;

  constructor(files: TlsConfig & { kind: "files" }, hosts: readonly string[], { clock, log }: {
    readonly clock: Clock;
    readonly log: Log;
  }) {
    [this.#files, this.#hosts, this.#clock, this.#log] = [files, hosts, clock, log];
  }

  get due(): number {
    return Infinity; // the hourly look is all there is
  }

  async open(): Promise<TlsPair> {
    const pair = await this.#read();
    this.#use(pair);
    return pair;
  }

  async reload(): Promise<TlsPair | undefined> {
    const pair = await this.#read();
    const isNew = pair.cert !== this.#served?.cert || pair.key !== this.#served.key;
    if (isNew || this.#clock.now() >= this.#remindAt) this.#use(pair);
    return isNew ? pair : undefined;
  }

  async look(): Promise<TlsPair | undefined> {
    try {
      return await this.reload();
    } catch (error) {
      // The two files may be in the middle of being replaced: the next look sees both.
      const advice = "the certificate before goes on being served";
      this.#log("warn", error instanceof Error ? error.message : String(error), { advice });
      return undefined;
    }
  }

  async #read(): Promise<TlsPair> {
    const [cert, key] = [await readOrFail(this.#files.cert), await readOrFail(this.#files.key)];
    try {
      checkTlsPair({ cert, key });
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw new TypeError(`${error.message} (${this.#files.cert}, ${this.#files.key})`);
    }
    return { cert, key };
  }

  #use(pair: TlsPair): void {
    this.#served = pair;
    this.#remindAt = this.#clock.now() + REMIND_MS;
    for (const { level, text } of complaintsOf(pair.cert, this.#hosts, this.#clock.now())) {
      this.#log(level, `The certificate ${this.#files.cert} ${text}`);
    }
  }
}

/** What an operator should know of a certificate at a time. */
export function complaintsOf(cert: string, hosts: readonly string[], now: number): Complaint[] {
  const { from, until } = lifeOf(cert);
  const complaints: Complaint[] = [];
  if (until <= now) {
    complaints.push({ level: "error", text: `expired on ${showTime(until)}: clients refuse it; put a new one there` });
  } else if (until - now < gatewayLimits.certificateLeftMs) {
    complaints.push({ level: "warn", text: `expires soon, on ${showTime(until)}: put a new one there` });
  }
  if (from > now) complaints.push({ level: "warn", text: `is good only from ${showTime(from)} on: check the clock` });
  const uncovered = uncoveredHosts(cert, hosts);
  if (uncovered.length > 0) {
    complaints.push({ level: "warn", text: `is not for ${uncovered.join(", ")}: clients refuse it there` });
  }
  return complaints;
}

async function readOrFail(path: string): Promise<string> {
  const text = await readBounded(path);
  if (text === undefined) throw new TypeError(`Cannot read ${path}: there is no such file`);
  return text;
}
