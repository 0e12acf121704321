/** Who may ask: bearer tokens (RFC 6750), in the header or, for what can set no headers, in the query. */

import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Handler } from "./handler.ts";
import { problem } from "./problem.ts";

/** A token that opens a handler. */
export interface Token {
  /** The secret; visible ASCII. */
  readonly token: string;
  /** Whether its bearer may change things, or only look. */
  readonly write: boolean;
}

/** Options of {@linkcode requireToken}. */
export interface TokenOptions {
  /** Names what is protected, to clients that ask their users. Default: `loom`. */
  readonly realm?: string;
  /** Further header fields of refusals, such as those of CORS. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Requests that need no token of ours, because they are public or bring another proof. Default: none. */
  readonly isOpen?: (request: Request) => boolean;
}

const PARAMETER = "access_token";
const READING = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Lets requests through that bring a token, as `Authorization: Bearer TOKEN` or as `?access_token=TOKEN`. One in the query
 * is taken out before the handler sees the request, so that it gets into no log; {@linkcode withoutToken} does the same to
 * a URL.
 *
 * @param tokens none: everybody may do everything, and the handler is given back as it is
 * @returns a handler that answers 401 without a token that is known, and 403 where it allows reading only
 * @throws {TypeError} for a token that no header can hold
 *
 * @example Who has no token stays out
 * ```ts
 * import { requireToken } from "@sluice/sluice";
 *
 * const handler = requireToken(() => new Response("hello"), [{ token: "sesame", write: true }]);
 * const headers = { authorization: "Bearer sesame" };
 * console.log((await handler(new Request("http://localhost/"))).status); // 401
 * console.log((await handler(new Request("http://localhost/", { headers }))).status); // 200
 * ```
 */
export function requireToken(handler: Handler, tokens: readonly Token[], options: TokenOptions = {}): Handler {
  if (tokens.length === 0) return handler;
  const known = new KnownTokens(tokens);
  const realm = `Bearer realm="${options.realm ?? "loom"}"`;
  const refuse = (status: number, detail: string, challenge: string) =>
    problem(status, detail, { headers: { ...options.headers, "www-authenticate": challenge } });
  return (request, info) => {
    const url = request.url.includes("?") ? new URL(request.url) : undefined;
    const inQuery = url?.searchParams.get(PARAMETER) ?? undefined;
    const stripped = inQuery === undefined ? request : atUrl(request, withoutToken(request.url));
    if (isPreflight(request) || options.isOpen?.(stripped)) return handler(stripped, info);
    const given = bearer(request.headers.get("authorization")) ?? inQuery;
    if (given === undefined) return refuse(401, "A token is needed: send Authorization: Bearer TOKEN", realm);
    const found = known.find(given);
    if (!found) return refuse(401, "The token is not one that is known here", `${realm}, error="invalid_token"`);
    if (!found.write && !READING.has(request.method)) {
      return refuse(403, "The token allows reading only", `${realm}, error="insufficient_scope"`);
    }
    return handler(stripped, info);
  };
}

/**
 * Takes the token out of a URL, for logs.
 *
 * @param url a URL, or the target of a request
 */
export function withoutToken(url: string): string {
  const [beforeHash] = url.split("#", 1);
  const at = beforeHash.indexOf("?");
  if (at === -1) return url;
  const rest = beforeHash.slice(at + 1).split("&").filter((pair) => nameOf(pair) !== PARAMETER).join("&");
  return beforeHash.slice(0, at) + (rest && `?${rest}`);
}

/** The name in a pair of a query, decoded as it is when its value is looked for. */
function nameOf(pair: string): string {
  return new URLSearchParams(pair).keys().next().value ?? "";
}

/** The token of an `Authorization` field; undefined for another scheme. */
function bearer(field: string | null): string | undefined {
  return /^bearer +(\S+)\s*$/i.exec(field ?? "")?.[1];
}

/** A browser's question before a request, in which it sends no token. */
function isPreflight(request: Request): boolean {
  return request.method === "OPTIONS" && request.headers.has("access-control-request-method");
}

function atUrl(request: Request, url: string): Request {
  const { method, headers, body, signal } = request;
  return new Request(url, { method, headers, body, signal, duplex: "half" } as RequestInit);
}

/** Tokens to compare with. Digests of equal length are compared, each with each, so that time tells nothing of them. */
export class KnownTokens {
  readonly #key = randomBytes(32);
  readonly #entries: readonly { readonly digest: Uint8Array; readonly token: Token }[];

  constructor(tokens: readonly Token[]) {
    for (const { token } of tokens) {
      if (!/^[\x21-\x7e]+$/.test(token)) throw new TypeError("A token is empty or has characters beyond visible ASCII");
    }
    this.#entries = tokens.map((token) => ({ digest: this.#digest(token.token), token }));
  }

  /** The token that was given; of several that are equal, one that may write. */
  find(given: string): Token | undefined {
    const digest = this.#digest(given);
    let found: Token | undefined;
    for (const entry of this.#entries) {
      if (timingSafeEqual(entry.digest, digest) && !found?.write) found = entry.token;
    }
    return found;
  }

  #digest(text: string): Uint8Array {
    return createHmac("sha256", this.#key).update(text).digest();
  }
}
