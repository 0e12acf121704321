/** Addresses of nodes, as people write them and as nodes tell each other. */

import { urlHost } from "../../net/url_host.ts";
import { meshLimits } from "../limits.ts";

/** Where a node is, or is to listen. */
export interface MeshAddress {
  readonly protocol: "tcp" | "ws" | "wss";
  /** A name or an IP address, without brackets; empty where it is not said, which is every address of the machine. */
  readonly host: string;
  readonly port: number;
  /** The one way to write it: `tcp://HOST:PORT`, `ws://HOST:PORT/PATH`, `wss://HOST:PORT/PATH`. */
  readonly text: string;
}

const TCP = /^(?:tcp:\/\/)?(\[[\da-f:.]+\]|[^\s:/?#@%[\]\\]*):(\d{1,5})\/?$/i;
const PORT_MAX = 65_535;
const DEFAULT_PORTS = { ws: 80, wss: 443 } as const;
/** These mean this machine, and each other machine means itself by them. */
const UNSPECIFIED: readonly string[] = ["", "0.0.0.0", "::"];

/**
 * Reads an address: `HOST:PORT`, or a URL of tcp, ws or wss.
 *
 * @param use what it is for. To listen, the host may be left out (`:9000`), and port 0 is any that is free
 * @throws {TypeError} when it is none, or can't be used so
 */
export function parseAddress(text: string, use: "dial" | "listen" = "dial"): MeshAddress {
  const address = text.length > meshLimits.addressBytes ? undefined : parseTcp(text) ?? parseWebSocket(text);
  if (!address) throw cannot(text, use, `an address is HOST:PORT or [IPV6]:PORT, or a URL of tcp, ws or wss`);
  if (use === "listen") {
    if (address.protocol === "tcp") return address;
    throw cannot(text, use, "give HOST:PORT, where WebSockets are taken too; TLS is for a gateway before it");
  }
  if (UNSPECIFIED.includes(address.host)) throw cannot(text, use, "it names no host");
  if (address.port === 0) throw cannot(text, use, "port 0 is any port; give the one that it listens on");
  return address;
}

function cannot(text: string, use: "dial" | "listen", why: string): TypeError {
  const doing = use === "dial" ? "reach a node at" : "listen on";
  return new TypeError(`Cannot ${doing} ${JSON.stringify(text.slice(0, 200))}: ${why}`);
}

function parseTcp(text: string): MeshAddress | undefined {
  const [, written, digits] = TCP.exec(text) ?? [];
  if (digits === undefined || Number(digits) > PORT_MAX) return undefined;
  // As URLs have them: small letters, IDNA, and IP addresses in their one form.
  const host = written === "" ? "" : URL.parse(`http://${written}`)?.hostname.replace(/^\[|\]$/g, "");
  if (host === undefined) return undefined;
  const port = Number(digits);
  return { protocol: "tcp", host, port, text: `tcp://${urlHost(host)}:${port}` };
}

function parseWebSocket(text: string): MeshAddress | undefined {
  const url = /^wss?:\/\//i.test(text) ? URL.parse(text) : undefined;
  if (!url || url.username || url.password || url.hash) return undefined;
  const protocol = url.protocol === "wss:" ? "wss" : "ws";
  const port = url.port === "" ? DEFAULT_PORTS[protocol] : Number(url.port);
  const canonical = `${protocol}://${url.hostname}:${port}${url.pathname}${url.search}`;
  return { protocol, host: url.hostname.replace(/^\[|\]$/g, ""), port, text: canonical };
}
