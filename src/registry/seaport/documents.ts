/** Services as seaport's clients describe them, and as they are told of them. */

import { isIPv4 } from "node:net";
// @ts-types="@types/semver"
import { parse } from "semver";
import type { JsonValue, Service } from "../service.ts";
import type { Meta } from "./lines.ts";

/**
 * Name under which every row that a client is told says which hub it is from. A client that connects again registers all
 * that it knows, what it only heard of too: by this it is told apart, and nobody keeps a service alive that is not its own.
 */
const HEARD = "heardFrom";

/** Name under which a version stays known that is none to us. */
const WORD = "seaportVersion";

/** The role of hubs, and the version of what they speak: clients that lose theirs go to others of that role. */
export const SEAPORT_ROLE = "seaport";
const SEAPORT_VERSION = "2.0.9";

/** What a hub registers of its bridge. */
export function bridgeService(hub: string, place: { readonly host: string; readonly port: number }): Meta {
  const { host, port } = place;
  return { id: `${SEAPORT_ROLE}-${hub}`, role: SEAPORT_ROLE, version: SEAPORT_VERSION, host, port };
}

/** True for a row that a client was told. */
export function isHeard(meta: Meta): boolean {
  return typeof meta[HEARD] === "string";
}

/**
 * What a client registers, as the hub's table reads it.
 *
 * Seaport takes any word for a version; one that is none matches no range there, and its service is found by the role
 * alone. So it is with a service that has no version here.
 */
export function toDocument(id: string, meta: Meta): Meta {
  const { [HEARD]: _, [WORD]: __, version, port, host, ...rest } = meta;
  return {
    ...rest,
    id,
    ...toVersion(version),
    ...host === undefined ? {} : { host: typeof host === "string" ? unmapped(host) : host },
    ...port === undefined ? {} : { port: typeof port === "string" && /^\d{1,5}$/.test(port) ? Number(port) : port },
  };
}

/** True for a document whose version is none to us. */
export function hasUnknownVersion(document: Meta): boolean {
  return Object.hasOwn(document, WORD) && !Object.hasOwn(document, "version");
}

function toVersion(value: JsonValue | undefined): Record<string, JsonValue> {
  if (value === undefined || value === null || value === "") return {};
  if (typeof value !== "string") return typeof value === "number" ? { [WORD]: value } : { version: value };
  const version = parse(value, { loose: true }); // such as 1.2.3beta, which seaport takes
  if (!version) return { [WORD]: value };
  return { version: [version.version, ...version.build.length > 0 ? [version.build.join(".")] : []].join("+") };
}

/**
 * A service as a client is told it.
 *
 * @param hub who tells it; undefined to its owner, whose row it is
 */
export function toMeta(service: Service, hub?: string): Meta {
  const { id, role, version, host, port, awaiting: _, [WORD]: word, ...rest } = service;
  const hasWord = version === undefined && (typeof word === "string" || typeof word === "number");
  return {
    id,
    role,
    ...version === undefined ? {} : { version },
    ...hasWord ? { version: word } : {},
    host,
    port,
    ...rest as Meta,
    ...hub === undefined ? {} : { [HEARD]: hub },
  };
}

/** An IPv4 address as such, where the system has it as one of IPv6. */
export function unmapped(address: string): string {
  const found = /^::ffff:(.+)$/i.exec(address)?.[1];
  return found !== undefined && isIPv4(found) ? found : address;
}
