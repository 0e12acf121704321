/** urocket's files: commands by path and method, which reply over a socket. */

import { gatewayLimits } from "../limits.ts";
import type { GatewayConfig, OperationConfig, RoutePolicy } from "./model.ts";
import type { CallbackConfig } from "./target_model.ts";
import type { Place } from "./place.ts";
import { checkServers } from "./settle/check_servers.ts";
import { patternProblem } from "./settle/path_pattern.ts";
import { noPolicy } from "./settle/policy.ts";
import { replyOf } from "./settle/reply.ts";
import type { PlacedRoute } from "./settle/route.ts";
import { serverLimitsOf } from "./settle/server.ts";
import { fileOf } from "./settle/values.ts";
import { type ProcessKeys, urocketProcess } from "./urocket_process.ts";

/** What the schema allows of an action: its process stands in it, or in `inject`. */
interface Action extends ProcessKeys {
  readonly "validate-in"?: boolean;
  readonly validatein?: boolean;
  readonly "validate-out"?: boolean;
  readonly validateout?: boolean;
  readonly logstdout?: boolean;
  readonly stats?: boolean;
  readonly inject?: ProcessKeys;
}

/** What the schema allows of a file. */
interface UrocketFile {
  readonly servicename?: string;
  readonly port?: number | string;
  readonly socketpath?: string;
  readonly openapi?: string;
  readonly secret?: boolean;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Action>>>>;
}

/** An action that was read. */
interface Settled extends OperationConfig {
  readonly place: Place;
  readonly method: string;
  readonly path: string;
}

/** Where urocket listens. */
const PORT = 8080;

/** Reads a file that its schema allows, noting all that is wrong. */
export function urocketGateway(place: Place, data: unknown): GatewayConfig {
  const file = data as UrocketFile;
  const { servicename, port = PORT, socketpath, openapi, secret } = file;
  checkTags(place);
  const actions = actionsOf(place, file);
  const document = openapi === undefined ? undefined : fileOf(place.at("openapi"), openapi);
  const routes = openapi === undefined ? actions.map(routeOf) : [];
  if (actions.length === 0 && place.reading.isClean) place.at("paths").fault("has no methods: add one with a cmd");
  const config = {
    listen: [portOf(place.at("port"), port)],
    hosts: [],
    tls: undefined,
    redirectHttp: undefined,
    redirectTrailingSlash: false,
    redirectCase: false,
    trustForwarded: false,
    limits: serverLimitsOf(place, {}),
    routes: routes.map(({ config }) => config),
    openapi: document === undefined ? undefined : {
      document,
      base: "",
      validateIn: false,
      validateOut: "off" as const,
      documentPath: "/openapi.json",
      docsPath: "/docs",
      operations: Object.fromEntries(actions.map((action) => [`${action.method} ${action.path}`, operationOf(action)])),
    },
  };
  checkServers([{ config, place, routes }]);
  const reply = replyOf(place, { socket: socketpath, secret }, [config]);
  return {
    name: servicename,
    servers: [config],
    registry: undefined,
    mesh: undefined,
    admin: undefined,
    reply,
    accessLog: "human",
    graceMs: gatewayLimits.graceMs,
    dev: false,
  };
}

/** The tags say how a command is written, and nothing of anything else. */
function checkTags({ reading }: Place): void {
  for (const { path, tag } of reading.document.tags) {
    if (path.at(-1) !== "cmd") reading.add(path, `has the tag ${tag}, which is for cmd`);
  }
}

function portOf(place: Place, port: number | string) {
  if (Number(port) > 65535) place.fault(`is ${port}: 65535 is the most`);
  return { hostname: "127.0.0.1", port: Number(port) };
}

function actionsOf(place: Place, { paths, openapi }: UrocketFile): readonly Settled[] {
  return Object.entries(paths).flatMap(([path, methods]) => {
    const at = place.at("paths", path);
    if (!path.startsWith("/")) return at.fault("is no path: it begins with a slash") ?? [];
    return Object.entries(methods ?? {}).flatMap(([method, action]) =>
      actionOf(at.at(method), method.toUpperCase(), path, action, openapi !== undefined) ?? []
    );
  });
}

function actionOf(
  place: Place,
  method: string,
  path: string,
  action: Action,
  hasDocument: boolean,
): Settled | undefined {
  const problem = patternProblem(path);
  if (problem !== undefined) return place.fault(`has a path that can't be: ${problem}`);
  const validateIn = eitherOf(place, action, "validate-in", "validatein");
  const validateOut = eitherOf(place, action, "validate-out", "validateout");
  for (const value of [validateIn, validateOut].filter(({ said }) => said && !hasDocument)) {
    place.at(value.name).fault("needs a document to hold against: add openapi: FILE at the top");
  }
  const run = urocketProcess(place, action, action.inject, action.logstdout ?? false);
  if (!run) return undefined;
  const { program, channel, onExit, timeoutMs } = run;
  const target: CallbackConfig = { kind: "callback", program, channel, onExit };
  const policy: RoutePolicy = { ...noPolicy, timeoutMs, stats: action.stats ?? false };
  return {
    place,
    method,
    path,
    where: place.where,
    policy,
    target,
    validateIn: validateIn.said,
    validateOut: validateOut.said ? "strict" : "off",
  };
}

/** A key in either of its spellings. */
function eitherOf(
  place: Place,
  action: Action,
  name: "validate-in" | "validate-out",
  other: "validatein" | "validateout",
) {
  if (action[name] !== undefined && action[other] !== undefined) {
    place.at(other).fault(`is ${name} in another spelling: keep one`);
  }
  return { said: action[name] ?? action[other] ?? false, name: action[name] === undefined ? other : name };
}

function routeOf({ place, where, method, path, policy, target }: Settled): PlacedRoute {
  return { place, config: { where, methods: [method], path, hosts: [], headers: [], policy, target } };
}

function operationOf({ where, policy, target, validateIn, validateOut }: Settled): OperationConfig {
  return { where, policy, target, validateIn, validateOut };
}
