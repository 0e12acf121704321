/** Certificates for loopback, made as an operator would make them. */

import { equal } from "node:assert/strict";
import { makeFolder } from "./folder.ts";

/** An elliptic curve's key: the kind that is made at once. */
export const EC = ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];

/** Makes a certificate that signs itself, and its key, as PEM. */
export async function makePair(...kind: string[]): Promise<{ cert: string; key: string }> {
  await using folder = await makeFolder();
  const [cert, key] = [folder.file("cert.pem"), folder.file("key.pem")];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  names.push("-addext", "basicConstraints=critical,CA:FALSE"); // Deno's client takes no server that is an authority
  const args = ["req", "-x509", "-nodes", "-days", "2", "-newkey", ...kind, "-keyout", key, "-out", cert, ...names];
  const { success, stderr } = await new Deno.Command("openssl", { args }).output();
  equal(success, true, new TextDecoder().decode(stderr));
  return { cert: await Deno.readTextFile(cert), key: await Deno.readTextFile(key) };
}
