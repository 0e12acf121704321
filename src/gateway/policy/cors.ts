/** Which pages may use a route: the CORS protocol (Fetch standard §3.3). */

import { fieldOf, setFields } from "../../http/bytes_response.ts";
import type { Handler } from "../../http/handler.ts";
import { fieldOfRequest } from "../../http/served_request.ts";
import type { CorsConfig } from "../config/model.ts";

/** Lets pages of the origins read what a handler answers. */
export function allowOrigins(handler: Handler, config: CorsConfig): Handler {
  const origins = new Set(config.origins);
  const alike = isAlikeForAll(config);
  return async (request, info) => {
    const response = await handler(request, info);
    const allowed = allowedOrigin(request, config, origins);
    const vary = fieldOf(response, "vary");
    return setFields(response, {
      ...!alike && { vary: vary ? `${vary}, Origin` : "Origin" },
      ...allowed !== undefined && fieldsFor(allowed, config),
    });
  };
}

/** What lets a page read an answer. */
function fieldsFor(origin: string, { credentials, expose }: CorsConfig): Record<string, string> {
  return {
    "access-control-allow-origin": origin,
    ...credentials && { "access-control-allow-credentials": "true" },
    ...expose.length > 0 && { "access-control-expose-headers": expose.join(", ") },
  };
}

/**
 * Answers a browser that asks before it sends a request; undefined when it is no such question.
 *
 * @param cors what the route says that the request would go to, by its method
 * @param methods those of the path; undefined: all
 */
export function answerPreflight(
  request: Request,
  cors: (method: string) => CorsConfig | undefined,
  methods: readonly string[] | undefined,
): Response | undefined {
  const method = fieldOfRequest(request, "access-control-request-method");
  if (request.method !== "OPTIONS" || method === null || fieldOfRequest(request, "origin") === null) return undefined;
  const config = cors(method);
  if (!config) return undefined;
  const headers = new Headers({ vary: "Origin, Access-Control-Request-Method, Access-Control-Request-Headers" });
  const allowed = allowedOrigin(request, config, new Set(config.origins));
  // A browser takes an answer without the fields for a no.
  if (allowed === undefined) return new Response(null, { status: 204, headers });
  const asked = fieldOfRequest(request, "access-control-request-headers");
  const fields = config.headers.includes("*") ? asked : config.headers.join(", ");
  headers.set("access-control-allow-origin", allowed);
  headers.set(
    "access-control-allow-methods",
    (config.methods.length > 0 ? config.methods : methods ?? [method]).join(", "),
  );
  if (fields) headers.set("access-control-allow-headers", fields);
  if (config.credentials) headers.set("access-control-allow-credentials", "true");
  headers.set("access-control-max-age", String(config.maxAge));
  return new Response(null, { status: 204, headers });
}

/** Credentials go to origins that are named, and never to all (Fetch standard §3.3.5). */
function allowedOrigin(request: Request, config: CorsConfig, origins: ReadonlySet<string>): string | undefined {
  const origin = fieldOfRequest(request, "origin");
  if (origin === null) return undefined;
  if (origins.has(origin)) return origin;
  return origins.has("*") && !config.credentials ? "*" : undefined;
}

/** The answer is the same for all origins. */
function isAlikeForAll({ origins, credentials }: CorsConfig): boolean {
  return !credentials && origins.length === 1 && origins[0] === "*";
}
