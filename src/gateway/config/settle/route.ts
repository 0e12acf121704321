/** Routes, and operations of a document, which are routes without a path. */

import type { HeaderMatch, OperationConfig, RouteConfig, RoutePolicy } from "../model.ts";
import type { TargetConfig } from "../target_model.ts";
import type { Place } from "../place.ts";
import type { RawOperation, RawPolicy, RawProgramDefaults, RawRoute, RawTarget } from "../raw.ts";
import { hostOf } from "./address.ts";
import { matchingOf } from "./path_pattern.ts";
import { checkFieldName, policyOf } from "./policy.ts";
import { type ProgramDefaults, programDefaultsOf } from "./program.ts";
import { runsPrograms, targetOf, type TargetScope } from "./target.ts";
import { readItems } from "./values.ts";

/** What holds around routes. */
export interface RouteScope {
  readonly policy: RoutePolicy;
  readonly programs: ProgramDefaults;
  readonly hasRegistry: boolean;
  readonly hasMesh: boolean;
}

/** A route with its place. */
export interface PlacedRoute {
  readonly config: RouteConfig;
  readonly place: Place;
}

/** Reads a route; undefined, with a fault noted, when it can't be. */
export function routeOf(place: Place, raw: RawRoute, scope: RouteScope): PlacedRoute | undefined {
  const matching = matchingOf(place, raw.path, raw.method);
  const behind = answererOf(place, raw, scope, matching?.path ?? "/*rest");
  const hosts = readItems(place.at("hosts"), raw.hosts, (text, at) => hostOf(at, text));
  const headers = Object.entries(raw.match ?? {}).map(([name, value]) => matchOf(place.at("match", name), name, value));
  if (!matching || !behind) return undefined;
  const methods = methodsFor(place, matching.methods, behind.target);
  return { place, config: { where: place.where, methods, path: matching.path, hosts, headers, ...behind } };
}

/** Reads an operation; undefined, with a fault noted, when it can't be. */
export function operationOf(place: Place, raw: RawOperation, scope: RouteScope): OperationConfig | undefined {
  const behind = answererOf(place, raw, scope, undefined);
  const { validateIn, validateOut } = raw;
  return behind && { where: place.where, ...behind, validateIn, validateOut };
}

/** Reads policy and target. */
function answererOf(
  place: Place,
  raw: RawTarget & RawPolicy & RawProgramDefaults,
  scope: RouteScope,
  path: string | undefined,
): { readonly policy: RoutePolicy; readonly target: TargetConfig } | undefined {
  const policy = policyOf(place, raw, scope.policy);
  const programs = programDefaultsOf(place, raw, scope.programs);
  const targetScope: TargetScope = { ...scope, programs, path };
  const target = targetOf(place, raw, targetScope);
  if (!target) return undefined;
  if (!runsPrograms(target)) checkNoPrograms(place, raw);
  return { policy, target };
}

/** What is said of programs has no effect where none is run. */
function checkNoPrograms(place: Place, raw: RawPolicy & RawProgramDefaults): void {
  for (const name of ["stats", "env", "cwd", "warm", "logStdout", "limits"] as const) {
    if (raw[name] !== undefined) place.at(name).fault("has no effect: this target runs no program");
  }
}

/** Files are read and not written. */
function methodsFor(place: Place, methods: readonly string[], target: TargetConfig): readonly string[] {
  if (target.kind !== "static") return methods;
  const others = methods.filter((method) => method !== "GET" && method !== "HEAD");
  if (others.length > 0) place.at("static").fault(`answers GET and HEAD, not ${others.join(", ")}`);
  return methods.length > 0 ? methods : ["GET"];
}

function matchOf(place: Place, name: string, value: string | true): HeaderMatch {
  checkFieldName(place, name);
  return { name: name.toLowerCase(), value: value === true ? undefined : value };
}
