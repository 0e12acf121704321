/**
 * Which addresses are dialled that others tell of. Whoever may write a record could have every caller knock at any door, so
 * only what a node could be at is dialled: no web address of any path, and this machine only where the mesh is on it.
 */

import { isIP } from "node:net";
import { isLoopback } from "../../net/loopback.ts";
import { hostOf } from "../contact.ts";
import { parseAddress } from "../transport/address.ts";

/** Paths of WebSockets: that of a node's own port, and that by which proxies hand on to it (docs/mesh.md). */
const PATHS: readonly string[] = ["/", "/mesh"];

/** Addresses of no one machine: unspecified, multicast, reserved and broadcast (RFC 6890). */
const NO_MACHINE = /^(?:0\.|2[2-5]\d\.)|^(?:::$|ff)/i;

/** The policy of one node. */
export class DialPolicy {
  /** What its operator has named. */
  readonly #named = new Set<string>();
  #isLocal = false;

  /** Takes addresses that the operator has named, to listen at or to join by: they say how far the mesh reaches. */
  trust(addresses: readonly string[]): void {
    for (const address of addresses) {
      this.#named.add(address);
      this.#isLocal ||= isThisMachine(hostOf(address));
    }
  }

  /**
   * An address that others tell of, in the one way to write it.
   *
   * @returns undefined for one that is not dialled
   */
  allowed(address: string): string | undefined {
    if (this.#named.has(address)) return address;
    const target = parsed(address);
    if (!target || isIP(target.host) !== 0 && NO_MACHINE.test(target.host)) return undefined;
    if (!this.#isLocal && isThisMachine(target.host)) return undefined;
    if (target.protocol === "tcp") return target.text;
    const { pathname, search } = new URL(target.text);
    return PATHS.includes(pathname) && search === "" ? target.text : undefined;
  }

  /** Whether a connection may be used: a name may have led elsewhere than it looks. @param host where it has led to */
  mayStay(address: string, host: string | undefined): boolean {
    return host === undefined || this.#isLocal || this.#named.has(address) || !isThisMachine(host);
  }
}

function parsed(address: string) {
  try {
    return parseAddress(address);
  } catch {
    return undefined; // strangers write what they like
  }
}

/** Also as IPv6 writes addresses of IPv4, and by names that end in a dot. */
function isThisMachine(host: string): boolean {
  const plain = host.replace(/^::ffff:/i, "").replace(/\.$/, "");
  return isLoopback(plain) || /(?:^|\.)localhost$/i.test(plain) || /^7f[\da-f]{2}:/i.test(plain);
}
