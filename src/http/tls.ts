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
 * Looks a pair over.
 *
 * @throws {TypeError} when one is no PEM, or they don't belong together
 */
export function checkTlsPair({ cert, key }: TlsPair): void {
  const certificate = read("certificate", () => new X509Certificate(cert));
  const privateKey = read("private key", () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new TypeError("Cannot serve TLS: the private key is not the one of the certificate");
  }
}

function read<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    // The parser's words are left out: they may quote what they were given.
    throw new TypeError(`Cannot serve TLS: the ${what} is no PEM that can be read`);
  }
}
