/** A process that opens a server's certificate and waits until it is one of the authority, which it prints. */

import { openCertificates } from "../../src/gateway/tls/certificates.ts";

const [config, hosts] = Deno.args.map((arg) => JSON.parse(arg));
await using certificates = await openCertificates(config, hosts, {
  log: (level, message, fields) => console.error(level, message, fields),
});
const changed = new Promise<void>((resolve) => certificates.onChange(() => resolve()));
certificates.start();
await changed;
console.log(certificates.current.cert);
