/** Our own form of a file, from data that its schema allows. */

import { gatewayLimits } from "../../limits.ts";
import type { AdminConfig, GatewayConfig } from "../model.ts";
import type { Place } from "../place.ts";
import type { RawGateway, RawServer } from "../raw.ts";
import { addressOf, privateAddressOf } from "./address.ts";
import { checkServers } from "./check_servers.ts";
import { meshOf } from "./mesh.ts";
import { noPolicy, policyOf } from "./policy.ts";
import { plainPrograms, programDefaultsOf } from "./program.ts";
import { replyOf } from "./reply.ts";
import type { RouteScope } from "./route.ts";
import { type PlacedServer, serverOf } from "./server.ts";
import { readItems, timeOf } from "./values.ts";

/** Members that make the top of a file a server of its own. */
const SERVER_MEMBERS = [
  "listen",
  "hosts",
  "tls",
  "redirectHttp",
  "redirectTrailingSlash",
  "redirectCase",
  "trustForwarded",
  "connections",
] as const;

/** Reads it, noting all that is wrong. */
export function gatewayOf(place: Place, raw: RawGateway): GatewayConfig {
  const { name, accessLog = "human", grace, dev = false, registry, mesh, admin, reply } = raw;
  const servers = serversOf(place, raw);
  const settledAdmin = admin && adminOf(place.at("admin"), admin);
  checkServers(servers, settledAdmin && { config: settledAdmin, place: place.at("admin", "listen") });
  const configs = servers.map(({ config }) => config);
  return {
    name,
    servers: configs,
    registry: registry && { hubs: readItems(place.at("registry", "hubs"), registry.hubs, hubOf) },
    mesh: mesh && meshOf(place.at("mesh"), mesh),
    admin: settledAdmin,
    reply: replyOf(place.at("reply"), reply, configs),
    accessLog,
    graceMs: timeOf(place.at("grace"), grace) ?? gatewayLimits.graceMs,
    dev,
  };
}

function serversOf(place: Place, raw: RawGateway): readonly PlacedServer[] {
  const { servers = [], ...top } = raw;
  const around: RouteScope = {
    policy: noPolicy,
    programs: plainPrograms(place.surroundings.folder),
    hasRegistry: raw.registry !== undefined || place.surroundings.isHub,
    hasMesh: raw.mesh !== undefined || place.surroundings.isNode,
  };
  const inherited: RouteScope = {
    ...around,
    policy: policyOf(place.at("defaults"), raw.defaults ?? {}, noPolicy),
    programs: programDefaultsOf(place.at("defaults"), raw.defaults ?? {}, around.programs),
  };
  const others = servers.map((server, index) => serverOf(place.at("servers", index), server, inherited));
  if (top.routes || top.openapi || servers.length === 0) return [serverOf(place, top, around), ...others];
  checkNoServer(place, top);
  return others;
}

function checkNoServer(place: Place, top: RawServer): void {
  for (const name of SERVER_MEMBERS.filter((name) => top[name] !== undefined)) {
    place.at(name).fault("has no effect: there are no routes beside it, only those of [[servers]]");
  }
}

function adminOf(place: Place, raw: NonNullable<RawGateway["admin"]>): AdminConfig | undefined {
  const listen = privateAddressOf(place.at("listen"), raw.listen);
  const kept = timeOf(place.at("processesKept"), raw.processesKept);
  return listen && { listen, processesKeptMs: kept ?? gatewayLimits.processesKeptMs };
}

function hubOf(text: string, place: Place): string | undefined {
  if (/^wss?:\/\//.test(text)) {
    return URL.canParse(text) ? text : place.fault("is no URL of a hub such as wss://hub.example");
  }
  return addressOf(place, text) && text;
}
