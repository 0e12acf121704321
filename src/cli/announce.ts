/** What a server says of itself: where it listens, and what it was asked. */

import type { Access, HttpServer } from "../http/node_server.ts";
import type { Log } from "../log.ts";
import { urlHost } from "../net/url_host.ts";
import { tellStderr } from "./output.ts";

/** Says in one line that connections are accepted. */
export function announce(
  command: string,
  { hostname, port }: Pick<HttpServer, "hostname" | "port">,
  scheme = "http",
): void {
  tellStderr(`sluice ${command}: listening on ${scheme}://${urlHost(hostname)}:${port}\n`);
}

/** Writes a line of the access log. */
export function logAccess(log: Log, access: Access): void {
  const { method, url, status, complete, durationMs, bytes, remoteAddress, requestId } = access;
  const level = complete && status < 500 ? "info" : "warn";
  log(level, `${method} ${url}`, {
    status,
    ms: Math.round(durationMs * 10) / 10,
    bytes,
    client: remoteAddress,
    request: requestId,
    cut: complete ? undefined : true,
  });
}
