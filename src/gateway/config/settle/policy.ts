/** What stands between a request and its target. */

import { parseDuration } from "../../../bytes/quantity.ts";
import type { CorsConfig, RateLimitConfig, RoutePolicy } from "../model.ts";
import type { Place } from "../place.ts";
import type { RawCors, RawPolicy, RawRateLimit, Some } from "../raw.ts";
import { show } from "../schema/check.ts";
import { authOf } from "./auth.ts";
import { methodOf } from "./path_pattern.ts";
import { isFieldValue } from "./program.ts";
import { listOf, readItems, sizeOf, timeOf } from "./values.ts";

/** The policy of what says nothing. */
export const noPolicy: RoutePolicy = {
  timeoutMs: undefined,
  idleTimeoutMs: undefined,
  bodyBytesMin: undefined,
  bodyBytes: undefined,
  headBytes: undefined,
  concurrency: undefined,
  queue: undefined,
  rateLimit: undefined,
  auth: undefined,
  cors: undefined,
  cacheControl: undefined,
  compress: false,
  responseHeaders: {},
  stats: false,
};

/** Puts what is said over what holds around. */
export function policyOf(place: Place, raw: RawPolicy, around: RoutePolicy): RoutePolicy {
  const { rateLimit, auth, cors, cacheControl } = raw;
  const policy: RoutePolicy = {
    timeoutMs: timeOf(place.at("timeout"), raw.timeout) ?? around.timeoutMs,
    idleTimeoutMs: timeOf(place.at("idleTimeout"), raw.idleTimeout) ?? around.idleTimeoutMs,
    bodyBytesMin: sizeOf(raw.minBody) ?? around.bodyBytesMin,
    bodyBytes: sizeOf(raw.maxBody) ?? around.bodyBytes,
    headBytes: sizeOf(raw.maxHeader) ?? around.headBytes,
    concurrency: raw.maxConcurrency ?? around.concurrency,
    queue: raw.queue ?? around.queue,
    rateLimit: over(rateLimit, around.rateLimit, (raw) => rateLimitOf(place.at("rateLimit"), raw)),
    auth: over(auth, around.auth, (raw) => authOf(place.at("auth"), raw)),
    cors: over(cors, around.cors, (raw) => corsOf(place.at("cors"), raw)),
    cacheControl: over(cacheControl, around.cacheControl, (raw) => valueOf(place.at("cacheControl"), raw)),
    compress: raw.compress ?? around.compress,
    responseHeaders: { ...around.responseHeaders, ...fieldsOf(place.at("headers"), raw.headers ?? {}) },
    stats: raw.stats ?? around.stats,
  };
  checkTogether(place, policy, raw);
  return policy;
}

/** A member that `false` switches off. */
function over<R, T>(raw: R | false | undefined, around: T | undefined, read: (raw: R) => T | undefined): T | undefined {
  return raw === undefined ? around : raw === false ? undefined : read(raw);
}

function checkTogether(place: Place, policy: RoutePolicy, raw: RawPolicy): void {
  const { bodyBytes = Infinity, bodyBytesMin = 0, rateLimit, auth } = policy;
  if (bodyBytesMin > bodyBytes) {
    place.at(raw.minBody === undefined ? "maxBody" : "minBody").fault(
      `leaves no body that may be sent: ${bodyBytesMin} bytes are the least, and ${bodyBytes} the most`,
    );
  }
  if (raw.rateLimit && rateLimit?.by === "user" && !auth) {
    place.at("rateLimit", "by").fault("counts by user, and nothing tells users apart: give auth");
  }
}

function rateLimitOf(place: Place, raw: string | RawRateLimit): RateLimitConfig | undefined {
  if (typeof raw !== "string") {
    const { requests, window = "1m", burst = requests, by = "client" } = raw;
    if (typeof by === "object") checkFieldName(place.at("by", "header"), by.header);
    const windowMs = timeOf(place.at("window"), window);
    if (windowMs === undefined || windowMs > 0) {
      return {
        requests,
        windowMs: windowMs ?? 0,
        burst,
        by: typeof by === "object" ? { header: by.header.toLowerCase() } : by,
      };
    }
    return place.at("window").fault("is no time: it has to be more than 0");
  }
  const [, requests, window] = /^([1-9]\d{0,8})\/(\w+)$/.exec(raw) ?? [];
  const windowMs = parseDuration(/^\d/.test(window ?? "") ? window : `1${window}`);
  if (windowMs) return { requests: Number(requests), windowMs, burst: Number(requests), by: "client" };
  return place.fault(`is ${show(raw)}, which is no rate such as "100/1m"`);
}

const CORS_SECONDS = 600;

function corsOf(place: Place, raw: true | Some<string> | RawCors): CorsConfig {
  const isTable = typeof raw === "object" && !Array.isArray(raw);
  const table: RawCors = isTable ? raw as RawCors : { origins: raw === true ? "*" : raw as Some<string> };
  const { origins = "*", methods, headers = "*", expose, credentials = false, maxAge } = table;
  const at = (name: string) => isTable ? place.at(name) : place;
  const maxAgeMs = timeOf(at("maxAge"), maxAge);
  const settled = {
    origins: readItems(at("origins"), origins, originOf),
    methods: readItems(at("methods"), methods, (name, place) => methodOf(name, place)),
    headers: listOf(headers).map((name) => name.toLowerCase()),
    expose: listOf(expose),
    credentials,
    maxAge: maxAgeMs === undefined ? CORS_SECONDS : Math.round(maxAgeMs / 1000),
  };
  for (const [names, name] of [[settled.headers, "headers"], [settled.expose, "expose"]] as const) {
    for (const field of names.filter((field) => field !== "*")) checkFieldName(at(name), field);
  }
  if (credentials && settled.origins.includes("*")) {
    at("credentials").fault("lets pages of all origins send the user's passwords: name the origins");
  }
  return settled;
}

function originOf(text: string, place: Place): string | undefined {
  if (text === "*" || text === "null") return text;
  const url = /^https?:/.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (url && url.origin === text.toLowerCase().replace(/\/$/, "")) return url.origin;
  return place.fault(`is ${show(text)}, which is no origin such as "https://app.example"`);
}

/** Fields that are the server's own business. */
const RESERVED = [
  "connection",
  "content-length",
  "date",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Header fields, their names in lower case. */
export function fieldsOf(place: Place, raw: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(raw).map(([name, value]) => {
      const at = place.at(name);
      checkFieldName(at, name);
      if (RESERVED.includes(name.toLowerCase())) at.fault("is set by the server itself");
      return [name.toLowerCase(), valueOf(at, value) ?? ""];
    }),
  );
}

/** Notes a name that no header field has. The grammar allows `__proto__`, but the runtime's `Headers` drops it in silence. */
export function checkFieldName(place: Place, name: string): void {
  if (/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) && name !== "__proto__") return;
  place.fault(`is ${show(name)}, which is no name of a header field`);
}

function valueOf(place: Place, text: string): string | undefined {
  return isFieldValue(text) ? text : place.fault("is no value that a header field may have");
}
