/** What a certificate says of itself: how long it is good, and for which names. */

import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";

/** From when to when a certificate is good, milliseconds of the epoch. */
export interface Life {
  readonly from: number;
  readonly until: number;
}

/** How long the first certificate of a chain is good. */
export function lifeOf(cert: string): Life {
  const { validFrom, validTo } = new X509Certificate(cert);
  return { from: Date.parse(validFrom), until: Date.parse(validTo) };
}

/** The hosts for which clients would refuse it. */
export function uncoveredHosts(cert: string, hosts: readonly string[]): string[] {
  const certificate = new X509Certificate(cert);
  // The runtime's own check of hosts knows nothing of wildcards.
  const names = new Set((certificate.subjectAltName ?? "").toLowerCase().split(", "));
  return hosts.filter((host) => {
    if (isIP(host)) return certificate.checkIP(host) === undefined;
    return !names.has(`dns:${host}`) && !names.has(`dns:${host.replace(/^[^.]+/, "*")}`);
  });
}

/** A time as logs have it. */
export function showTime(ms: number): string {
  return new Date(ms).toISOString();
}
