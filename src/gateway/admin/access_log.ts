/** Lines of the access log: for people among the events, or as data: as JSON, or in the form of Apache that tools know. */

import type { Access } from "../../http/node_server.ts";
import type { Log, LogFields } from "../../log.ts";
import { withoutToken } from "../../http/tokens.ts";

/** What a line is made of. */
export interface LoggedAccess extends Access {
  /** The name of the user that was let in. */
  readonly user: string | undefined;
  /** The route that it went to. */
  readonly route: string | undefined;
}

/** Takes what happened with a request. */
export type AccessLog = (access: LoggedAccess) => void;

/**
 * Makes an access log.
 *
 * @param log takes the lines for people
 * @param write takes those of `json` and `combined`, newline included
 */
export function accessLog(
  format: "human" | "json" | "combined" | "none",
  log: Log,
  write: (line: string) => void,
): AccessLog {
  if (format === "none") return () => {};
  if (format === "combined") return (access) => write(combined(access) + "\n");
  if (format === "json") return (access) => write(json(access) + "\n");
  return (access) => {
    const { method, url, status, complete } = access;
    // A client that leaves before it is answered, which has 499, is nothing that an operator could mend.
    const isWell = status === 499 || complete && status < 500;
    log(isWell ? "info" : "warn", `${method} ${withoutToken(url)}`, fieldsOf(access));
  };
}

function fieldsOf(
  { status, complete, durationMs, bytes, remoteAddress, requestId, route, user }: LoggedAccess,
): LogFields {
  return {
    status,
    ms: Math.round(durationMs * 10) / 10,
    bytes,
    client: remoteAddress,
    user,
    route,
    request: requestId,
    cut: complete ? undefined : true,
  };
}

/** One object; what is not known of a request is left out. */
function json(access: LoggedAccess): string {
  const { method, url, startedAt } = access;
  return JSON.stringify({
    time: new Date(startedAt).toISOString(),
    method,
    url: withoutToken(url),
    ...fieldsOf(access),
  });
}

/** `%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"`, as Apache's documentation has it. */
function combined(access: LoggedAccess): string {
  const { method, url, httpVersion, status, bytes, remoteAddress, startedAt, user, referer, userAgent } = access;
  const request = `${method} ${withoutToken(url)} HTTP/${httpVersion}`;
  const quoted = [request, referer, userAgent].map((text) => `"${escape(text ?? "-")}"`);
  const name = user === undefined ? "-" : escape(user).replaceAll(" ", "\\x20");
  return `${remoteAddress || "-"} - ${name} [${time(startedAt)}] ${quoted[0]} ${status} ${bytes || "-"} ${quoted[1]} ${
    quoted[2]
  }`;
}

/** What would end a quoted text early, or drive a terminal. */
function escape(text: string): string {
  return text.replace(/["\\\p{Cc}\P{ASCII}]/gu, (c) => {
    return [...new TextEncoder().encode(c)].map((byte) => "\\x" + byte.toString(16).padStart(2, "0")).join("");
  });
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `10/Oct/2000:13:55:36 +0000`. */
function time(ms: number): string {
  const [year, month, day, clock] = new Date(ms).toISOString().split(/[-T.]/);
  return `${day}/${MONTHS[Number(month) - 1]}/${year}:${clock} +0000`;
}
