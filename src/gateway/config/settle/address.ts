/** Addresses to listen on, and names of hosts. */

import { isLoopback } from "../../../net/loopback.ts";
import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import type { Address, UnixAddress } from "../model.ts";
import type { Place } from "../place.ts";
import { show } from "../schema/check.ts";

/**
 * Reads `host:port`, `[::1]:port`, or `:port`.
 *
 * @param anyHost what an address without a host means
 */
export function addressOf(place: Place, text: string, anyHost = "127.0.0.1"): Address | undefined {
  const match = /^(?:\[([^\]]*)\]|([^:[\]\s/]*)):(\d{1,5})$/.exec(text);
  const hostname = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  const isGood = match?.[1] === undefined ? /^[A-Za-z0-9._-]*$/.test(hostname ?? "") : isIP(match[1]) === 6;
  if (hostname !== undefined && isGood && port <= 65535) return { hostname: hostname || anyHost, port };
  return place.fault(`is ${show(text)}, which is no address such as "127.0.0.1:8080"`);
}

/** Reads an address that only this machine reaches, or `unix:/path`. */
export function privateAddressOf(place: Place, text: string): Address | UnixAddress | undefined {
  if (text.startsWith("unix:")) return socketOf(place, text.slice("unix:".length));
  const address = addressOf(place, text);
  if (!address || isLoopback(address.hostname)) return address;
  return place.fault(
    `is ${show(text)}, which others reach: it is a loopback address such as "127.0.0.1:9100", or unix:/path`,
  );
}

/** Longest path that a socket's address has room for, bytes (Linux: 108 with the NUL at the end; macOS: 104). */
const SOCKET_PATH_BYTES = 103;

/** Absolute path of a socket; the socket itself need not be there. */
export function socketOf(place: Place, raw: string): UnixAddress | undefined {
  const path = place.resolve(raw);
  if (raw === "" || raw.endsWith("/")) return place.fault("names no socket");
  const { byteLength } = new TextEncoder().encode(path);
  if (byteLength <= SOCKET_PATH_BYTES) return { path };
  return place.fault(`is ${byteLength} bytes long (${path}): a socket's path has at most ${SOCKET_PATH_BYTES}`);
}

/** Reads a name that a server answers to, or `*.` and a name for all below it. */
export function hostOf(place: Place, text: string): string | undefined {
  const star = text.startsWith("*.") ? "*." : "";
  const name = domainToASCII(text.slice(star.length)).toLowerCase();
  if (/^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/.test(name)) return star + name;
  return place.fault(`is ${show(text)}, which is no name of a host such as "shop.example" or "*.example.com"`);
}

/** An address for comparing and for messages. */
export function addressText({ hostname, port }: Address): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
