/** What an authority can't be asked for. */

import { isIP } from "node:net";
import type { AcmeConfig } from "../config/model.ts";

/** Names that one certificate may have, by what authorities take (Let's Encrypt: 100). */
const HOSTS_MAX = 100;

/**
 * Checks what is asked of an authority.
 *
 * @param hosts those of the server
 * @throws {TypeError} saying what to do instead
 */
export function checkAcme({ directory }: AcmeConfig, hosts: readonly string[]): void {
  if (new URL(directory).protocol !== "https:") {
    throw new TypeError(`Cannot get a certificate by ACME from ${directory}: it goes over https alone`);
  }
  if (hosts.length === 0) {
    throw new TypeError('Cannot get a certificate by ACME: the server has no hosts; name them, as in ["example.com"]');
  }
  if (hosts.length > HOSTS_MAX) {
    throw new TypeError(
      `Cannot get a certificate by ACME for ${hosts.length} hosts: use several servers of ${HOSTS_MAX}`,
    );
  }
  for (const host of hosts) {
    if (host.startsWith("*.")) {
      throw new TypeError(
        `Cannot get a certificate by ACME for ${host}: that takes a DNS challenge; name the hosts, or use files`,
      );
    }
    if (isIP(host)) {
      throw new TypeError(`Cannot get a certificate by ACME for ${host}: only for names; use files or self-signed`);
    }
  }
}
