/** Addresses that a node says it is at, and what may be believed of that. */

import { isLoopback } from "../../net/loopback.ts";
import { urlHost } from "../../net/url_host.ts";
import { hostOf } from "../contact.ts";
import { networksOf } from "../discovery/networks.ts";

/** Hosts that are no host: whoever listens there is reached at all of its own. */
const UNSPECIFIED = /^(tcp|ws):\/\/(?:0\.0\.0\.0|\[::\])(:\d+.*)$/;

/** True for an address at no host of its own. */
export function isUnspecified(address: string): boolean {
  return UNSPECIFIED.test(address);
}

/** An address as it is dialled from where a host is seen; undefined when no host is seen. */
export function seenFrom(address: string, host: string | undefined): string | undefined {
  const parts = UNSPECIFIED.exec(address);
  if (!parts) return address;
  return host ? `${parts[1]}://${urlHost(host)}${parts[2]}` : undefined;
}

/** True for an address that means another machine to everybody else. */
export function isLoopbackAddress(address: string): boolean {
  return isLoopback(hostOf(address));
}

/**
 * True for a claim that is worth a look. A stranger from the Internet who claims an address of a private network wants to
 * have somebody in it knocked at.
 *
 * @param host where the claimant is seen; undefined in memory
 */
export function isWorthALook(address: string, host: string | undefined): boolean {
  if (host === undefined || host === hostOf(address)) return true;
  if (isLoopback(host)) return true;
  return !isLoopbackAddress(address) && (isPublic(address) || !isPublic(`tcp://${urlHost(host)}:1`));
}

/** Names are taken for public: it isn't known where they lead before they are dialled. */
function isPublic(address: string): boolean {
  return networksOf([address]).length > 0 || !/^[\d.]+$|:/.test(hostOf(address));
}
