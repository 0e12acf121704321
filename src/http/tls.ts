/** What a server needs to speak TLS, looked over when it starts: the runtime says nothing of a bad key until a client comes. */

import { createPrivateKey, X509Certificate } from "node:crypto";

/** A certificate and its key. */
export interface TlsPair {
  /** Certificate in PEM, those that lead to its root behind it. */
  readonly cert: string;
  /** Its private key in PEM, without a password. It is told to nobody, in no error and no log. */
  readonly key: string;
}

/**
 * Certificates by name. It is asked at each handshake: what it gives another pair for is in force from the next one on,
 * while connections that are open go on.
 */
export interface TlsHosts {
  /**
   * Gives the pair for a name: always the same object for the same pair, which is read once.
   *
   * @param serverName what the client asks for (RFC 6066 §3), lower case; undefined when it names nothing
   * @returns undefined for none: the handshake fails
   */
  pairFor(serverName: string | undefined): TlsPair | undefined;
}

/** What a certificate says. */
export interface TlsDescription {
  /** Names and addresses that it is for, lower case: `example.com`, `*.example.com`, `127.0.0.1`. */
  readonly names: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/**
 * Looks a pair over.
 *
 * @throws {TypeError} when one is no PEM, or they don't belong together
 */
export function checkTlsPair({ cert, key }: TlsPair): void {
  const certificate = readCertificate(cert);
  const privateKey = read("private key", () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new TypeError("Cannot serve TLS: the private key is not the one of the certificate");
  }
}

/**
 * Tells what a pair is for, and how long. Nobody is kept from using one that has expired: its owner is who can tell.
 *
 * @throws {TypeError} when the certificate is no PEM
 */
export function describeTlsPair({ cert }: Pick<TlsPair, "cert">): TlsDescription {
  const { subjectAltName, validFromDate, validToDate } = readCertificate(cert);
  const names = [...(subjectAltName ?? "").matchAll(/(?:^|, )(?:DNS|IP Address):([^,"]+)/g)];
  return { names: names.map(([, name]) => name.toLowerCase()), notBefore: validFromDate, notAfter: validToDate };
}

function readCertificate(cert: string): X509Certificate {
  return read("certificate", () => new X509Certificate(cert));
}

function read<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    // The parser's words are left out: they may quote what they were given.
    throw new TypeError(`Cannot serve TLS: the ${what} is no PEM that can be read`);
  }
}
