/**
 * Certificates of an authority that speaks ACME (RFC 8555). Whatever the authority does, something is served: what is
 * stored, even when it has expired, and before there is anything a self-signed certificate.
 *
 * States: temporary -> good -> due -> good; due again after a pause that grows, when the authority refuses or is not there.
 */

import { join } from "node:path";
import type { TlsPair } from "../../http/tls.ts";
import type { Log } from "../../log.ts";
import { backoffMs } from "../../net/backoff.ts";
import type { AcmeConfig } from "../config/model.ts";
import { gatewayLimits } from "../limits.ts";
import { accountClient } from "./acme_account.ts";
import { Challenges } from "./acme_challenges.ts";
import { AcmeError, adviceFor } from "./acme_error.ts";
import { during, type Exchange, trustedCertificates } from "./acme_exchange.ts";
import { checkAcme } from "./check_acme.ts";
import { orderCertificate } from "./acme_order.ts";
import { lifeOf, showTime } from "./certificate_facts.ts";
import type { Clock, PairSource } from "./pair_source.ts";
import { fileNameFor, lockFile, makePrivateFolder, readPair, setAside, writePair } from "./private_files.ts";
import { renewalTime } from "./renewal.ts";
import { makeSelfSigned } from "./self_signed_source.ts";

/** What a source needs besides its config. */
export interface AcmeNeeds {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

const BACKOFF = { firstMs: gatewayLimits.acmeRetryFirstMs, mostMs: gatewayLimits.acmeRetryMostMs };

/** The source for `acme`. */
export class AcmeSource implements PairSource {
  /** What the authority asks for while there is an order. */
  readonly challenges: Challenges;
  readonly #config: AcmeConfig;
  readonly #hosts: readonly string[];
  readonly #needs: AcmeNeeds;
  #due = 0;
  #failures = 0;
  /** What was had from the authority; undefined while a temporary one is served. */
  #served: TlsPair | undefined;

  /** @throws {TypeError} no authority can be asked for that */
  constructor(config: AcmeConfig, hosts: readonly string[], needs: AcmeNeeds) {
    checkAcme(config, hosts);
    [this.#config, this.#hosts, this.#needs] = [config, hosts, needs];
    this.challenges = new Challenges(config.dir);
  }

  get due(): number {
    return this.#due;
  }

  async open(): Promise<TlsPair> {
    await trustedCertificates(this.#config); // what is wrong there is said at the start
    await makePrivateFolder(this.#config.dir);
    const stored = await this.#stored();
    if (stored) return this.#use(stored);
    const { clock, log } = this.#needs;
    log(
      "warn",
      `There is no certificate for ${this.#hosts.join(", ")} yet: until the authority has given one, a ` +
        "self-signed one is served, which clients refuse",
      { directory: this.#config.directory },
    );
    return await makeSelfSigned(this.#hosts, clock.now());
  }

  async reload(): Promise<TlsPair | undefined> {
    const stored = await this.#stored();
    // The same one again must not shorten a pause that the authority asked for.
    return stored && stored.cert !== this.#served?.cert ? this.#use(stored) : undefined;
  }

  async look(signal: AbortSignal): Promise<TlsPair | undefined> {
    if (this.#needs.clock.now() < this.#due) return undefined;
    try {
      return await this.#obtain(signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#fail(error);
      return undefined;
    }
  }

  /** What another process has stored meanwhile, or else a new one. */
  async #obtain(signal: AbortSignal): Promise<TlsPair> {
    const { dir } = this.#config;
    using _lock = await lockFile(join(dir, "acme.lock"), signal);
    const stored = await this.#stored();
    if (stored && this.#renewalOf(stored) > this.#needs.clock.now()) return this.#use(stored);
    await this.challenges.clear();
    const pair = await this.#order(signal);
    await this.#store(pair);
    return this.#use(pair);
  }

  async #order(signal: AbortSignal): Promise<TlsPair> {
    const caCerts = await trustedCertificates(this.#config);
    using http = Deno.createHttpClient({ caCerts, poolMaxIdlePerHost: 1 });
    const late = new AbortController();
    const patience = setTimeout(
      () => late.abort(new AcmeError(`No certificate within ${gatewayLimits.acmeOrderMs} ms`)),
      gatewayLimits.acmeOrderMs,
    );
    const exchange: Exchange = { http, signal: AbortSignal.any([signal, late.signal]), retryAfterMs: 0 };
    try {
      return await during(exchange, async () => {
        const client = await accountClient(this.#config, this.#needs.log);
        return await orderCertificate(this.#hosts, { client, exchange, challenges: this.challenges });
      });
    } finally {
      clearTimeout(patience);
    }
  }

  async #store(pair: TlsPair): Promise<void> {
    const path = await this.#path();
    try {
      await writePair(path, pair);
    } catch (error) {
      // It is served all the same; only the next start has to ask again, and authorities count.
      this.#needs.log("error", "Cannot store the new certificate: make room, or the next start orders another", {
        file: path,
        error: String(error),
      });
    }
  }

  async #stored(): Promise<TlsPair | undefined> {
    const path = await this.#path();
    try {
      return await readPair(path);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      this.#needs.log("warn", "The stored certificate is damaged: it is put aside, and another one ordered", {
        file: `${path}.damaged`,
      });
      await setAside(path);
      return undefined;
    }
  }

  async #path(): Promise<string> {
    return join(this.#config.dir, `${await fileNameFor(this.#hosts, this.#config.directory)}.pem`);
  }

  #renewalOf({ cert }: TlsPair): number {
    return renewalTime(lifeOf(cert), this.#config.renewBeforeMs, this.#needs.random);
  }

  #use(pair: TlsPair): TlsPair {
    if (pair.cert !== this.#served?.cert) this.#tell(pair);
    [this.#served, this.#due, this.#failures] = [pair, this.#renewalOf(pair), 0];
    return pair;
  }

  #tell({ cert }: TlsPair): void {
    const { log, clock } = this.#needs;
    const names = this.#hosts.join(", ");
    const { until } = lifeOf(cert);
    const fields = { expires: showTime(until), directory: this.#config.directory };
    if (until > clock.now()) log("info", `Serving the authority's certificate for ${names}`, fields);
    else log("error", `The certificate for ${names} has expired: it is served until there is another`, fields);
  }

  #fail(error: unknown): void {
    const { log, clock, random } = this.#needs;
    const told = error instanceof AcmeError ? error.retryAfterMs : 0;
    this.#due = clock.now() + Math.max(backoffMs(this.#failures++, BACKOFF, random), told);
    log("error", `Cannot ${this.#served ? "renew the" : "get a"} certificate for ${this.#hosts.join(", ")}`, {
      reason: error instanceof Error ? error.message : String(error),
      advice: adviceFor(error),
      serving: this.#served ? `the one that expires ${showTime(lifeOf(this.#served.cert).until)}` : "a self-signed one",
      next: showTime(this.#due),
    });
  }
}
