/** Certificates that sign themselves, of a key made for them: for development, and for as long as there is no other. */

import * as x509 from "@peculiar/x509";
import { isIP } from "node:net";
import type { TlsPair } from "../../http/tls.ts";
import type { Life } from "./certificate_facts.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/**
 * Makes one. It is no authority: who trusts it trusts nothing but this server with it.
 *
 * @param names hosts and IP addresses
 */
export async function makeLeaf(names: readonly string[], life: Life): Promise<TlsPair> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=Sluice (self-signed)",
    keys,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(life.from),
    notAfter: new Date(life.until),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) ? "ip" as const : "dns" as const, value })),
      ),
    ],
  });
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  const key = x509.PemConverter.encode(pkcs8, x509.PemConverter.PrivateKeyTag);
  return { cert: `${certificate.toString("pem")}\n`, key: `${key}\n` };
}
