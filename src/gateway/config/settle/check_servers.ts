/** Whether servers and routes go together: what each of them can't tell alone. */

import type { AdminConfig, RouteConfig } from "../model.ts";
import type { Place } from "../place.ts";
import { addressText } from "./address.ts";
import { patternShape } from "./path_pattern.ts";
import type { PlacedRoute } from "./route.ts";
import type { PlacedServer } from "./server.ts";

/** The operator's side with its place. */
export interface PlacedAdmin {
  readonly config: AdminConfig;
  readonly place: Place;
}

/** Notes what contradicts itself. */
export function checkServers(servers: readonly PlacedServer[], admin?: PlacedAdmin): void {
  for (const server of servers) {
    checkTwice(server.routes);
    checkHosts(server);
    checkHeads(server);
  }
  checkAddresses(servers);
  checkRedirects(servers, admin);
}

/** Of two routes that match the same, one would never answer. */
function checkTwice(routes: readonly PlacedRoute[]): void {
  const seen = new Map<string, Place>();
  for (const { config, place } of routes) {
    for (const key of matchKeys(config)) {
      const first = seen.get(key);
      if (first) {
        place.fault(`matches the same as ${first.where}: only one of them would answer`);
        break;
      }
      seen.set(key, place);
    }
  }
}

/** One for each method and host. */
function matchKeys({ methods, path, hosts, headers }: RouteConfig): readonly string[] {
  const fields = headers.map(({ name, value }) => [name, value ?? null]).sort();
  const each = <T>(list: readonly T[], all: T) => list.length > 0 ? list : [all];
  return each(methods, "*").flatMap((method) =>
    each(hosts, "*").map((host) => JSON.stringify([method, host, patternShape(path), fields]))
  );
}

/** A route for a host that its server does not answer to would never be asked. */
function checkHosts({ config, routes }: PlacedServer): void {
  if (config.hosts.length === 0) return;
  for (const { config: { hosts }, place } of routes) {
    for (const host of hosts.filter((host) => !config.hosts.some((own) => covers(own, host)))) {
      place.at("hosts").fault(
        `names ${host}, which the server does not answer to: its hosts are ${config.hosts.join(", ")}`,
      );
    }
  }
}

function covers(own: string, host: string): boolean {
  return own === host || own.startsWith("*.") && host.endsWith(own.slice(1));
}

/** Larger heads than a connection takes reach no route. */
function checkHeads({ config, routes }: PlacedServer): void {
  const { headBytes } = config.limits;
  for (const { config: { policy }, place } of routes) {
    if (policy.headBytes === undefined || policy.headBytes <= headBytes) continue;
    place.at("maxHeader").fault(
      `is more than the ${headBytes} bytes of connections.maxHeader, which are looked at first`,
    );
  }
}

/** Servers at one address share its socket, and are told apart by their hosts. */
function checkAddresses(servers: readonly PlacedServer[]): void {
  const seen = new Map<string, PlacedServer>();
  const first = new Map<string, PlacedServer>();
  for (const server of servers) {
    const { config, place } = server;
    for (const address of new Set(config.listen.filter(({ port }) => port !== 0).map(addressText))) {
      const other = first.get(address);
      if (other && (other.config.tls === undefined) !== (config.tls === undefined)) {
        place.at("listen").fault(`shares ${address} with ${nameOf(other)}: with both tls and plain HTTP it can't be`);
        continue;
      }
      first.set(address, other ?? server);
      for (const host of config.hosts.length > 0 ? config.hosts : ["*"]) {
        const same = seen.get(`${address} ${host}`);
        seen.set(`${address} ${host}`, same ?? server);
        if (!same) continue;
        place.at("hosts").fault(
          host === "*"
            ? `is needed: ${nameOf(same)} answers at ${address} to all names too`
            : `names ${host}, to which ${nameOf(same)} answers at ${address} too`,
        );
      }
    }
  }
}

/** Addresses that are one server's business alone. */
function checkRedirects(servers: readonly PlacedServer[], admin: PlacedAdmin | undefined): void {
  const listening = new Map(
    servers.flatMap((server) => server.config.listen.map((address) => [addressText(address), server] as const)),
  );
  const check = (place: Place, address: string) => {
    const server = listening.get(address);
    if (server && !address.endsWith(":0")) place.fault(`is ${address}, where ${nameOf(server)} listens`);
  };
  for (const { config: { redirectHttp }, place } of servers) {
    if (redirectHttp) check(place.at("redirectHttp"), addressText(redirectHttp));
  }
  if (admin && "port" in admin.config.listen) check(admin.place, addressText(admin.config.listen));
}

function nameOf({ place }: PlacedServer): string {
  return place.path.length === 0 ? "the server at the top of the file" : place.where;
}
