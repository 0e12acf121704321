/**
 * A certificate of our own, for development. It is kept, so that who trusts it once need not do so after each restart, and
 * made anew only when it is about to expire, or for other hosts.
 */

import { join } from "node:path";
import type { TlsPair } from "../../http/tls.ts";
import type { Log } from "../../log.ts";
import { gatewayLimits } from "../limits.ts";
import { lifeOf, showTime, uncoveredHosts } from "./certificate_facts.ts";
import { makeLeaf } from "./leaf_certificate.ts";
import type { Clock, PairSource } from "./pair_source.ts";
import { fileNameFor, lockFile, makePrivateFolder, readPair, writePair } from "./private_files.ts";

/** What every such certificate is for. */
const LOOPBACK = ["localhost", "127.0.0.1", "::1"];

/** A client's clock may be so much behind, milliseconds. */
const CLOCK_SKEW_MS = 3_600_000;

/** The life of a certificate of our own that begins now. */
function lifeFrom(now: number): { from: number; until: number } {
  return { from: now - CLOCK_SKEW_MS, until: now + gatewayLimits.selfSignedMs };
}

/** Loopback and some hosts, each once. */
function namesFor(hosts: readonly string[]): readonly string[] {
  return [...new Set([...LOOPBACK, ...hosts])];
}

/** A certificate of our own for loopback and some hosts. */
export function makeSelfSigned(hosts: readonly string[], now: number): Promise<TlsPair> {
  return makeLeaf(namesFor(hosts), lifeFrom(now));
}

/** The source for `selfSigned`. */
export class SelfSignedSource implements PairSource {
  readonly #dir: string;
  readonly #hosts: readonly string[];
  readonly #clock: Clock;
  readonly #log: Log;
  #due = 0;

  constructor(dir: string, hosts: readonly string[], { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    [this.#dir, this.#hosts, this.#clock, this.#log] = [dir, hosts, clock, log];
  }

  get due(): number {
    return this.#due;
  }

  async open(): Promise<TlsPair> {
    await makePrivateFolder(this.#dir);
    using _lock = await lockFile(join(this.#dir, "self-signed.lock"));
    const path = join(this.#dir, await fileNameFor(this.#hosts, "self-signed"));
    const pair = await this.#stored(`${path}.pem`) ?? await this.#make(path);
    this.#due = lifeOf(pair.cert).until - gatewayLimits.certificateLeftMs;
    return pair;
  }

  reload(): Promise<TlsPair> {
    return this.open();
  }

  async look(): Promise<TlsPair | undefined> {
    if (this.#clock.now() < this.#due) return undefined;
    try {
      return await this.open();
    } catch (error) {
      this.#log("error", "Cannot make a new self-signed certificate", { error: String(error), dir: this.#dir });
      this.#due = this.#clock.now() + gatewayLimits.certificateLookMs;
      return undefined;
    }
  }

  /** The one that is kept, if it will do for a while. */
  async #stored(path: string): Promise<TlsPair | undefined> {
    try {
      const pair = await readPair(path);
      const { from, until } = pair ? lifeOf(pair.cert) : { from: 0, until: 0 };
      const now = this.#clock.now();
      const isGood = from <= now && now < until - gatewayLimits.certificateLeftMs;
      return pair && isGood && uncoveredHosts(pair.cert, this.#hosts).length === 0 ? pair : undefined;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      this.#log("warn", "The self-signed certificate is damaged, and made anew", { file: path });
      return undefined;
    }
  }

  async #make(path: string): Promise<TlsPair> {
    const pair = await makeSelfSigned(this.#hosts, this.#clock.now());
    const trust = `${path}.crt`;
    await Deno.writeTextFile(trust, pair.cert, { mode: 0o644 }); // first: the pair is what says that both are there
    await writePair(`${path}.pem`, pair);
    const names = namesFor(this.#hosts).join(", ");
    this.#log("info", `Made a self-signed certificate for ${names}: have clients trust it, as with curl --cacert`, {
      file: trust,
      expires: showTime(lifeOf(pair.cert).until),
    });
    return pair;
  }
}
