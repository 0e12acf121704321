/** flatend's files: servers in front of a mesh. Every key that flatend knows means what it says there. */

import { gatewayLimits } from "../limits.ts";
import type { Address, GatewayConfig, RoutePolicy, ServerConfig, TlsConfig } from "./model.ts";
import type { TargetConfig } from "./target_model.ts";
import type { Place } from "./place.ts";
import type { Some, Time } from "./raw.ts";
import { goMilliseconds } from "./go_time.ts";
import { addressOf, hostOf } from "./settle/address.ts";
import { checkServers } from "./settle/check_servers.ts";
import { endsInRest, matchingOf } from "./settle/path_pattern.ts";
import { noPolicy } from "./settle/policy.ts";
import type { PlacedRoute } from "./settle/route.ts";
import { type PlacedServer, serverLimitsOf } from "./settle/server.ts";
import { staticOf } from "./settle/static.ts";
import { tlsOf } from "./settle/tls.ts";
import { boundedTimeOf, kindOfFile, listOf, readItems } from "./settle/values.ts";

/** Sizes of bodies, in either way. */
interface BodySizes {
  readonly min?: { readonly body_size?: number };
  readonly max?: { readonly body_size?: number; readonly header_size?: number };
  readonly min_body_size?: number;
  readonly max_body_size?: number;
}

type Timeouts = Readonly<Partial<Record<"read" | "read_header" | "idle" | "write" | "shutdown", string>>>;

/** What the schema allows of a route. */
interface Route extends BodySizes {
  readonly path: string;
  readonly service?: string;
  readonly services?: Some<string>;
  readonly static?: string;
  readonly nocache?: boolean;
}

/** What the schema allows of HTTPS. */
interface Https {
  readonly email?: string;
  readonly directory?: string;
  readonly dir?: string;
  readonly renew_before?: Time;
  readonly ca_cert?: string;
  readonly redirect?: string;
}

/** What the schema allows of a server. */
interface Server extends BodySizes {
  readonly addr?: string;
  readonly addrs?: Some<string>;
  readonly domain?: string;
  readonly domains?: Some<string>;
  readonly https?: boolean | Https;
  readonly redirect_trailing_slash?: boolean;
  readonly redirect_fixed_path?: boolean;
  readonly timeout?: Timeouts;
  readonly timeouts?: Timeouts;
  readonly header_size?: number;
  readonly max_header_size?: number;
  readonly routes: readonly Route[];
}

/** What the schema allows of a file. */
interface FlatendFile {
  readonly addr?: string;
  readonly http: readonly Server[];
}

/** An address without a host is all of them, as in Go. */
const ALL = "0.0.0.0";
/** Where flatend's clients look for the gateway. */
const CLIENTS = "127.0.0.1:9000";

/** Reads a file that its schema allows, noting all that is wrong. */
export function flatendGateway(place: Place, data: unknown): GatewayConfig {
  const { addr = CLIENTS, http } = data as FlatendFile;
  const servers = http.map((server, index) => serverOf(place.at("http", index), server));
  checkServers(servers);
  const flatend = addressOf(place.at("addr"), addr, ALL);
  const graces = http.map((server, index) => timesOf(place.at("http", index), server).shutdown);
  return {
    name: undefined,
    servers: servers.map(({ config }) => config),
    registry: undefined,
    mesh: {
      ...{ listen: [], join: [], advertise: [], key: undefined, networkKey: undefined, allow: undefined },
      flatend,
    },
    admin: undefined,
    reply: undefined,
    accessLog: "human",
    graceMs: graces.every((grace) => grace === undefined)
      ? gatewayLimits.graceMs
      : Math.max(...graces.map((grace) => grace ?? 0)),
    dev: false,
  };
}

function serverOf(place: Place, raw: Server): PlacedServer {
  const hosts = readItems(
    place.at("domains"),
    eitherOf(place, raw, "domain", "domains"),
    (text, at) => hostOf(at, text),
  );
  const addresses = eitherOf(place, raw, "addr", "addrs") ?? (raw.https ? ":443" : ":80");
  const listen = readItems(
    place.at(raw.addr === undefined ? "addrs" : "addr"),
    addresses,
    (text, at) => addressOf(at, text, ALL),
  );
  const { tls, redirectHttp } = raw.https ? secureOf(place, raw.https, hosts, listen) : {};
  const around: RoutePolicy = { ...noPolicy, ...sizesOf(place, raw) };
  const routes = readItems(place.at("routes"), raw.routes, (route, at) => routeOf(at, route, around));
  const times = timesOf(place, raw);
  const config: ServerConfig = {
    listen,
    hosts,
    tls,
    redirectHttp,
    redirectTrailingSlash: raw.redirect_trailing_slash ?? true,
    redirectCase: raw.redirect_fixed_path ?? true,
    trustForwarded: false,
    limits: serverLimitsOf(place, {
      maxHeader: headSizeOf(place, raw),
      headerTimeout: times.read_header ?? times.read,
      bodyTimeout: times.read,
      stallTimeout: times.write,
      keepAlive: times.idle,
    }),
    routes: routes.map(({ config }) => config),
    openapi: undefined,
  };
  return { config, place, routes };
}

/** HTTPS by ACME, and plain HTTP beside it that leads there, as flatend has it. */
function secureOf(
  place: Place,
  https: true | Https,
  hosts: readonly string[],
  [first]: readonly Address[],
): { readonly tls: TlsConfig | undefined; readonly redirectHttp: Address | undefined } {
  const { email, directory, dir, renew_before: renewBefore, ca_cert: caCert, redirect }: Https = https === true
    ? {}
    : https;
  const given = Object.entries({ email, directory, dir, renewBefore, caCert }).filter(([, value]) =>
    value !== undefined
  );
  const tls = tlsOf(place.at("https"), { acme: true, ...Object.fromEntries(given) }, { hosts, hasRedirect: true });
  const redirectHttp = redirect === undefined
    ? { hostname: first?.hostname ?? ALL, port: 80 }
    : addressOf(place.at("https", "redirect"), redirect, ALL);
  return { tls, redirectHttp };
}

function routeOf(place: Place, raw: Route, around: RoutePolicy): PlacedRoute | undefined {
  const matching = matchingOf(place, raw.path);
  if (matching?.methods.length === 0) place.at("path").fault('has no method: it is such as "GET /hello"');
  const services = listOf(eitherOf(place, raw, "service", "services"));
  if ((raw.static === undefined) === (services.length === 0)) {
    return place.fault(
      services.length === 0
        ? "has no target: give service, services or static"
        : "has both service and static: keep one",
    );
  }
  if (!matching) return undefined;
  const { path, target } = raw.static === undefined
    ? { path: matching.path, target: { kind: "mesh", services } as const }
    : filesOf(place, raw.static, matching.path, raw.nocache ?? false);
  if (!target) return undefined;
  if (target.kind === "static" && !matching.methods.every((method) => method === "GET")) {
    place.at("path").fault("has to be of GET, because files are read");
  }
  const cacheControl = raw.nocache && target.kind === "mesh" ? "no-store" : undefined;
  const policy: RoutePolicy = { ...around, ...sizesOf(place, raw), cacheControl };
  return {
    place,
    config: { where: place.where, methods: matching.methods, path, hosts: [], headers: [], policy, target },
  };
}

/** A directory answers all paths below its own, without a word for them in the file. */
function filesOf(place: Place, root: string, path: string, noCache: boolean) {
  const isFolder = kindOfFile(place.resolve(root)) === "folder";
  const whole = isFolder && !endsInRest(path) ? `${path.replace(/\/$/, "")}/*filepath` : path;
  const files = staticOf(place.at("static"), root, whole);
  const target: TargetConfig | undefined = files && { ...files, listing: isFolder, precompressed: false, noCache };
  return { path: whole, target };
}

function sizesOf(place: Place, raw: BodySizes): Partial<Pick<RoutePolicy, "bodyBytes" | "bodyBytesMin">> {
  const least = inEither(place, raw.min?.body_size, raw.min_body_size, "min_body_size", "min.body_size");
  const most = inEither(place, raw.max?.body_size, raw.max_body_size, "max_body_size", "max.body_size");
  if ((least ?? 0) > (most ?? Infinity)) {
    place.fault(`leaves no body that may be sent: ${least} bytes are the least, and ${most} the most`);
  }
  return { ...least !== undefined && { bodyBytesMin: least }, ...most !== undefined && { bodyBytes: most } };
}

function headSizeOf(place: Place, raw: Server): number | undefined {
  const flat = inEither(place, raw.header_size, raw.max_header_size, "max_header_size", "header_size");
  return inEither(
    place,
    raw.max?.header_size,
    flat,
    raw.header_size === undefined ? "max_header_size" : "header_size",
    "max.header_size",
  );
}

/** The times of a server, milliseconds. */
function timesOf(place: Place, raw: Server): Readonly<Partial<Record<keyof Timeouts, number>>> {
  if (raw.timeout && raw.timeouts) place.at("timeouts").fault("is timeout in another spelling: keep one");
  const at = place.at(raw.timeout ? "timeout" : "timeouts");
  const times = Object.entries(raw.timeout ?? raw.timeouts ?? {});
  return Object.fromEntries(times.map(([name, text]) => {
    const ms = goMilliseconds(text);
    return [name, name === "shutdown" ? ms : boundedTimeOf(at.at(name), ms)];
  }));
}

function eitherOf<T extends object, A extends keyof T & string, B extends keyof T & string>(
  place: Place,
  raw: T,
  one: A,
  several: B,
): T[A] | T[B] | undefined {
  if (raw[one] !== undefined && raw[several] !== undefined) place.at(several).fault(`is said beside ${one}: keep one`);
  return raw[one] ?? raw[several];
}

function inEither<T>(
  place: Place,
  first: T | undefined,
  second: T | undefined,
  name: string,
  other: string,
): T | undefined {
  if (first !== undefined && second !== undefined) place.at(name).fault(`is said beside ${other}: keep one`);
  return first ?? second;
}
