/** What may be registered: the grammar and the bounds of what comes from outside. */

import { isDeeper } from "../../bytes/json_depth.ts";
import { limits } from "../../limits.ts";
import type { JsonValue, Service } from "../service.ts";
import { checkRole, checkVersion, isRole, isVersion } from "./pattern.ts";

/** How a hub finds out that a service is there which somebody else registered for it. */
export type ServiceCheck =
  /** Something accepts connections at its host and port. */
  | { readonly tcp: true; readonly everyMs: number }
  /** A GET of this path is answered with a status of 200 to 299. */
  | { readonly http: string; readonly everyMs: number };

/** Names that mean something to the registry itself, and are no metadata. */
const OWN_NAMES = new Set(["id", "role", "version", "host", "port", "awaiting"]);

/**
 * Reads a service as its owner describes it.
 *
 * @param input what came; unknown names in it are metadata
 * @param host what is taken where it names no host: the address it came from
 * @throws {TypeError} or {RangeError} that says what is wrong
 */
export function readService(input: unknown, host: string): Service {
  if (!isRecord(input)) throw new TypeError("Cannot register it: a service is a JSON object");
  const { id, role, version, port, check } = input;
  if (check !== undefined) readCheck(check);
  return {
    ...metadata(input),
    id: checkId(id),
    role: checkRole(text(role, "role")),
    ...version === undefined || version === null ? {} : { version: checkVersion(text(version, "version")) },
    host: checkHost(input.host === undefined || input.host === null ? host : text(input.host, "host")),
    port: checkPort(port),
  };
}

/**
 * Whether what a hub tells of can be held and shown. Metadata are taken as they are: the hub has checked them, and to do
 * so again would double the time until a client has all services.
 */
export function isService(value: unknown): value is Service {
  if (!isRecord(value)) return false;
  const { id, role, version, host, port } = value;
  return typeof id === "string" && isId(id) && typeof role === "string" && isRole(role) && isPort(port) &&
    typeof host === "string" && isHost(host) &&
    (version === undefined || typeof version === "string" && isVersion(version));
}

/**
 * Reads how a service is to be checked.
 *
 * @throws {TypeError}
 */
export function readCheck(value: unknown): ServiceCheck {
  if (isRecord(value) && isPause(value.everyMs)) {
    if (value.tcp === true && value.http === undefined) return value as unknown as ServiceCheck;
    if (value.tcp === undefined && typeof value.http === "string" && /^\/[\x21-\x7e]*$/.test(value.http)) {
      return value as unknown as ServiceCheck;
    }
  }
  throw new TypeError(
    `Cannot check a service by ${
      shown(value)
    }: it is {"tcp": true, "everyMs": N} or {"http": "/PATH", "everyMs": N}, ` +
      `N from ${limits.registryCheckMsMin} to ${limits.registryCheckMsMax}`,
  );
}

function isPause(ms: unknown): boolean {
  return Number.isInteger(ms) && (ms as number) >= limits.registryCheckMsMin &&
    (ms as number) <= limits.registryCheckMsMax;
}

/** Checks an id: visible characters, none of which mean something in a URL's path. */
export function checkId(id: unknown): string {
  if (typeof id === "string" && isId(id)) return id;
  throw new TypeError(
    `Cannot use ${shown(id)} as an id: it has 1 to ${limits.registryNameChars} letters, digits and . ~ : @ + - _`,
  );
}

/** Checks a port that something listens on. */
export function checkPort(port: unknown): number {
  if (isPort(port)) return port;
  throw new RangeError(`Cannot use ${shown(port)} as a port: it is a whole number from 1 to 65535`);
}

function checkHost(host: string): string {
  if (isHost(host)) return host;
  throw new TypeError(`Cannot use ${shown(host)} as a host: it is a name or an address`);
}

function isId(text: string): boolean {
  return text.length <= limits.registryNameChars && /^[\w.~:@+-]+$/.test(text);
}

function isHost(text: string): boolean {
  return text.length <= limits.registryNameChars && /^[\w.:%-]+$/.test(text);
}

function isPort(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) < 65536;
}

function text(value: unknown, name: string): string {
  if (typeof value === "string") return value;
  throw new TypeError(`Cannot use ${shown(value)} as the ${name}: it is a string`);
}

/** What the owner wants to be known besides. */
function metadata(input: Readonly<Record<string, unknown>>): Record<string, JsonValue> {
  const pairs = Object.entries(input).filter(([name]) => !OWN_NAMES.has(name));
  // A name that changes what the object is would be lost in a copy.
  if (pairs.some(([name]) => name === "__proto__")) throw new TypeError('Cannot use "__proto__" as a name of metadata');
  const found = Object.fromEntries(pairs);
  if (isDeeper(found, limits.registryMetadataDepth)) {
    throw new RangeError(`Cannot keep metadata that nests deeper than ${limits.registryMetadataDepth} levels`);
  }
  const length = JSON.stringify(found).length;
  if (length > limits.registryMetadataChars) {
    throw new RangeError(`Cannot keep ${length} characters of metadata: ${limits.registryMetadataChars} is the most`);
  }
  return found as Record<string, JsonValue>;
}

/** True for an object that is no array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 80) ?? String(value);
}
