/** Servers: where they listen, who they are, and their routes. */

import { limits } from "../../../limits.ts";
import { gatewayLimits } from "../../limits.ts";
import type { ServerConfig, ServerLimits } from "../model.ts";
import type { Place } from "../place.ts";
import type { RawConnections, RawServer } from "../raw.ts";
import { addressOf, hostOf } from "./address.ts";
import { openApiOf } from "./openapi.ts";
import { policyOf } from "./policy.ts";
import { programDefaultsOf } from "./program.ts";
import { type PlacedRoute, routeOf, type RouteScope } from "./route.ts";
import { tlsOf } from "./tls.ts";
import { boundedTimeOf, readItems, sizeOf } from "./values.ts";

/** A server with its place, and those of its routes. */
export interface PlacedServer {
  readonly config: ServerConfig;
  readonly place: Place;
  readonly routes: readonly PlacedRoute[];
}

const LISTEN = "127.0.0.1:8080";

/** Reads a server. */
export function serverOf(place: Place, raw: RawServer, around: RouteScope): PlacedServer {
  const hosts = readItems(place.at("hosts"), raw.hosts, (text, at) => hostOf(at, text));
  const scope = placedScope(place.at("defaults"), raw, around);
  const routes = readItems(place.at("routes"), raw.routes ?? [], (route, at) => routeOf(at, route, scope));
  if (!raw.routes?.length && !raw.openapi) place.fault("has no routes: add [[routes]] or [openapi]");
  if (raw.redirectHttp !== undefined && !raw.tls) place.at("redirectHttp").fault("has no effect without tls");
  const hasRedirect = raw.redirectHttp !== undefined;
  const config: ServerConfig = {
    listen: readItems(place.at("listen"), raw.listen ?? LISTEN, (text, at) => addressOf(at, text)),
    hosts,
    tls: raw.tls && tlsOf(place.at("tls"), raw.tls, { hosts, hasRedirect }),
    redirectHttp: hasRedirect ? addressOf(place.at("redirectHttp"), raw.redirectHttp) : undefined,
    redirectTrailingSlash: raw.redirectTrailingSlash ?? false,
    redirectCase: raw.redirectCase ?? false,
    trustForwarded: raw.trustForwarded ?? false,
    limits: serverLimitsOf(place.at("connections"), raw.connections ?? {}),
    routes: routes.map(({ config }) => config),
    openapi: raw.openapi && openApiOf(place.at("openapi"), raw.openapi, scope),
  };
  return { config, place, routes };
}

function placedScope(place: Place, { defaults = {} }: RawServer, around: RouteScope): RouteScope {
  return {
    ...around,
    policy: policyOf(place, defaults, around.policy),
    programs: programDefaultsOf(place, defaults, around.programs),
  };
}

/** Bounds on connections, those of others where nothing is said. */
export function serverLimitsOf(place: Place, raw: RawConnections): ServerLimits {
  const time = (name: keyof RawConnections, byDefault: number) => boundedTimeOf(place.at(name), raw[name]) ?? byDefault;
  return {
    headBytes: sizeOf(raw.maxHeader) || gatewayLimits.headBytes,
    headMs: time("headerTimeout", limits.requestHeadMs),
    bodyIdleMs: time("bodyTimeout", limits.requestBodyIdleMs),
    responseStallMs: time("stallTimeout", limits.responseStallMs),
    keepAliveMs: time("keepAlive", limits.keepAliveMs),
  };
}
