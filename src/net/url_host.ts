/** Hosts in URLs. */

/** A host as it stands in a URL: addresses of IPv6 in brackets. */
export function urlHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
