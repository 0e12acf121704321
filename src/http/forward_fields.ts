/** The header fields that are passed on between a client and an upstream, and those that are not (RFC 9110 §7.6). */

import { isOfConnection, namedByConnection } from "./field_rules.ts";

/**
 * Fields of a request that are made anew or mean nothing behind us. `Proxy` would become the variable HTTP_PROXY of a CGI
 * program. `Expect` was answered by the server in front of us.
 */
const REQUEST_ONLY = new Set(["host", "content-length", "expect", "proxy"]);

/** What tells an upstream who asked: anybody could have written it, unless whoever stands before us is trusted. */
const SAYS_WHO = /^(?:(?:x-)?forwarded(?:-.*)?|(?:.*-)?(?:real|client|connecting)-ip)$/;

/** How we are named in `Via` (RFC 9110 §7.6.3). */
const VIA = "1.1 sluice";

/** What a request's fields are made with. */
export interface RequestFieldsOptions {
  /** Address of the client, for `X-Forwarded-For`. */
  readonly client?: string;
  /** Believe and pass on what the request says of the way it came. */
  readonly trustForwarded?: boolean;
  /** The `Host` that is sent. */
  readonly host: string;
  /** How the length of its body is told. */
  readonly framing: Readonly<Record<string, string>>;
}

/** The fields of a request for the upstream, in lower case. */
export function requestFields(request: Request, options: RequestFieldsOptions): Record<string, string> {
  const { headers, url } = request;
  const fields: Record<string, string> = { host: options.host };
  const named = namedByConnection(headers.get("connection"));
  headers.forEach((value, name) => {
    const taken = takenFor(name);
    if (isOfConnection(taken) || REQUEST_ONLY.has(taken) || named?.has(name)) return;
    if (SAYS_WHO.test(taken) && (taken !== name || !options.trustForwarded)) return;
    fields[name] = value;
  });
  if (options.client) fields["x-forwarded-for"] = appended(fields["x-forwarded-for"], options.client);
  fields["x-forwarded-proto"] ??= url.slice(0, url.indexOf(":"));
  fields["x-forwarded-host"] ??= headers.get("host") ?? options.host;
  fields.via = appended(fields.via, VIA);
  return Object.assign(fields, options.framing);
}

/** The name that one may be taken for: to a CGI or WSGI program `X_Forwarded_For` is the same variable as `X-Forwarded-For`. */
function takenFor(name: string): string {
  return name.replace(/[^a-z0-9]/g, "-");
}

/**
 * The fields of an upstream's answer for the client.
 *
 * @param raw name and value in turn
 * @param keepTrailer its `Trailer` is passed on too, because its trailers are
 */
export function responseFields(raw: readonly string[], keepTrailer: boolean): [string, string][] {
  const fields: [string, string][] = [];
  const connection: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i].toLowerCase();
    if (name === "connection") connection.push(raw[i + 1]);
    if (!isOfConnection(name) || (keepTrailer && name === "trailer")) fields.push([name, raw[i + 1]]);
  }
  fields.push(["via", VIA]); // behind those of others, of whom each adds to the end
  const named = namedByConnection(connection.join(","));
  return named ? fields.filter(([name]) => !named.has(name)) : fields;
}

function appended(list: string | undefined, item: string): string {
  return list ? `${list}, ${item}` : item;
}
