/** Usual ways to name the service for a request. */

import { checkMount } from "../http/mount.ts";
import type { ServicePick } from "./route.ts";

/**
 * Picks by the host that a request is for, without its port.
 *
 * @param services by whole name, such as `shop.example`, or by its first label, such as `shop`; `*` for all others
 */
export function byHost(services: Readonly<Record<string, string>>): ServicePick {
  const byName = new Map(Object.entries(services).map(([name, service]) => [name.toLowerCase(), service]));
  return ({ url }) => {
    const { hostname } = new URL(url);
    return byName.get(hostname) ?? byName.get(hostname.split(".", 1)[0]) ?? byName.get("*");
  };
}

/**
 * Picks by the longest prefix of a request's path that ends at a slash or at its end.
 *
 * @param services by prefix, such as `/api`; `/` takes what no other takes
 * @throws {TypeError} for a prefix that no path has
 */
export function byPath(services: Readonly<Record<string, string>>): ServicePick {
  const byPrefix = new Map(Object.entries(services).map(([prefix, service]) => [checkMount(prefix), service]));
  const prefixes = [...byPrefix.keys()].sort((a, b) => b.length - a.length);
  return ({ url }) => {
    const { pathname } = new URL(url);
    const prefix = prefixes.find((prefix) => pathname === prefix || pathname.startsWith(`${prefix}/`));
    return prefix === undefined ? undefined : byPrefix.get(prefix);
  };
}
