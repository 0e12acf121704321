/** The network of the machine: TCP, and WebSockets. */

import { meshLimits } from "../limits.ts";
import { parseAddress } from "../transport/address.ts";
import { dialLink } from "../transport/dial_link.ts";
import { listenLinks } from "../transport/listen_links.ts";
import { ownHosts } from "./own_hosts.ts";
import type { Transport } from "./transport.ts";

/** Makes it. An address without a host is this machine's own, which others don't reach. */
export function networkTransport(): Transport {
  return {
    dial: (address, signal) => dialLink(address, { signal, connectMs: meshLimits.dialMs }),
    listen: (address, onLink) => {
      const { host, port } = parseAddress(address, "listen");
      return listenLinks({ host: host || "127.0.0.1", port, onLink });
    },
    hosts: ownHosts,
  };
}
