/**
 * Certificates that are served on for their hosts until an authority has given the ones that come in their place: a file that
 * names one host more must not leave the others with a certificate that clients refuse.
 */

import { X509Certificate } from "node:crypto";
import { describeTlsPair, type TlsPair } from "../http/tls.ts";
import type { Certificates } from "./tls/certificates.ts";

/** A pair, and the names that it is for. */
interface StandIn {
  readonly pair: TlsPair;
  readonly names: readonly string[];
}

/** Pairs by what they stand in for. */
export class StandIns {
  readonly #waiting = new Map<Certificates, readonly StandIn[]>();

  /** Has those before stand in for what waits for its authority. */
  add(certificates: Certificates, before: readonly Certificates[]): void {
    if (!isSelfSigned(certificates.current)) return;
    const known = before.flatMap((each) => this.#waiting.get(each) ?? []);
    const good = before.map(({ current }) => current).filter((pair) => !isSelfSigned(pair));
    this.#waiting.set(certificates, [
      ...good.map((pair) => ({ pair, names: describeTlsPair(pair).names })),
      ...known,
    ]);
    certificates.onChange(() => this.forget(certificates));
  }

  /** Has nobody stand in for it any more. */
  forget(certificates: Certificates): void {
    this.#waiting.delete(certificates);
  }

  /** What stands in for it where a host is asked for. */
  get(certificates: Certificates, host: string): TlsPair | undefined {
    const above = host.replace(/^[^.]+/, "*");
    return this.#waiting.get(certificates)?.find(({ names }) => names.includes(host) || names.includes(above))?.pair;
  }
}

/** Those of authorities are signed by others. */
function isSelfSigned({ cert }: TlsPair): boolean {
  const { issuer, subject } = new X509Certificate(cert);
  return issuer === subject;
}
