/** Who answers: exactly one target, with what is said of it. */

import { parsePattern } from "../../../registry/table/pattern.ts";
import type { CallbackConfig, ProgramConfig, TargetConfig } from "../target_model.ts";
import type { Place } from "../place.ts";
import type { RawReply, RawRespond, RawTarget } from "../raw.ts";
import { show } from "../schema/check.ts";
import { checkTemplate, patternNames } from "./path_pattern.ts";
import { fieldsOf } from "./policy.ts";
import { commandOf, type ProgramDefaults, programOf } from "./program.ts";
import { staticOf } from "./static.ts";
import { upstreamOf } from "./upstream.ts";
import { kindOfFile, listOf, readItems } from "./values.ts";

/** What a target depends on. */
export interface TargetScope {
  /** Pattern of the route; undefined for an operation, whose path stands in its document. */
  readonly path: string | undefined;
  readonly programs: ProgramDefaults;
  /** Whether there is a place to look roles up in. */
  readonly hasRegistry: boolean;
  /** Whether there is a mesh to look services up in. */
  readonly hasMesh: boolean;
}

type Reader = (place: Place, raw: RawTarget, scope: TargetScope) => TargetConfig | undefined;

/** How each target is read. */
const READERS = {
  run: (place, { run, reply }, scope) => {
    if (!Array.isArray(run)) return one(place, programOf(place.at("run"), run as string, scope.programs), reply);
    const programs = readItems(place.at("run"), run, (raw, at) => programOf(at, raw, scope.programs));
    if (run.length === 1) return one(place, programs[0], reply);
    if (reply) place.at("reply").fault("goes with one program: what a pipe writes is its answer");
    return programs.length < run.length ? undefined : { kind: "pipe", programs };
  },
  chain: (place, { chain }, scope) => {
    const programs = readItems(place.at("chain"), chain, (raw, at) => programOf(at, raw, scope.programs));
    return programs.length < chain!.length ? undefined : { kind: "chain", programs };
  },
  command: (place, { command, reply }, scope) =>
    one(place, commandOf(place.at("command"), command!, scope.programs), reply),
  static: (place, raw, scope) => staticOf(place.at("static"), raw.static!, scope.path),
  upstream: (place, raw, scope) => upstreamOf(place, raw, namesOf(scope)),
  service: (place, { service, rewrite }, scope) => {
    const roles = readItems(place.at("service"), service, (text, at) => roleOf(at, text));
    if (!scope.hasRegistry && scope.hasMesh) {
      if (rewrite !== undefined) place.at("rewrite").fault("has no effect: the service is one of the mesh");
      return { kind: "mesh", services: roles };
    }
    if (!scope.hasRegistry) place.at("service").fault("needs a [registry] with hubs, or a [mesh], to look in");
    if (rewrite !== undefined) checkTemplate(place.at("rewrite"), rewrite, namesOf(scope));
    return { kind: "service", roles, rewrite };
  },
  mesh: (place, { mesh }, scope) => {
    if (!scope.hasMesh) place.at("mesh").fault("needs a [mesh] to look in");
    return { kind: "mesh", services: listOf(mesh) };
  },
  redirect: (place, { redirect, status = 307 }, scope) => {
    const [origin = ""] = /^https?:\/\/[^/?#\\{}\s]+/i.exec(redirect!) ?? [];
    if (origin !== "" && !URL.canParse(origin)) return place.at("redirect").fault("has a host that is none");
    const path = redirect!.slice(origin.length);
    checkTemplate(place.at("redirect"), origin === "" || path.startsWith("/") ? path : `/${path}`, namesOf(scope));
    return { kind: "redirect", to: redirect!, status };
  },
  respond: (place, { respond }) => respondOf(place.at("respond"), respond!),
  loom: (place, { loom }, scope) => loomOf(place.at("loom"), loom!, scope.path),
} satisfies Record<string, Reader>;

const TARGETS = [...Object.keys(READERS), "split"] as readonly (keyof typeof READERS | "split")[];

/** Members that say more of a target, and the targets that they go with. */
const COMPANIONS: Readonly<Record<"reply" | "rewrite" | "host" | "status", readonly string[]>> = {
  reply: ["run", "command"],
  rewrite: ["upstream", "service"],
  host: ["upstream"],
  status: ["redirect"],
};

/** Reads a target; undefined, with a fault noted, when it can't be. */
export function targetOf(place: Place, raw: RawTarget, scope: TargetScope): TargetConfig | undefined {
  const [name, ...others] = TARGETS.filter((name) => raw[name] !== undefined);
  if (name === undefined) return place.fault(`has no target: give one of ${TARGETS.join(", ")}`);
  if (others.length > 0) return place.fault(`has several targets, ${[name, ...others].join(", ")}: keep one`);
  for (const [companion, targets] of Object.entries(COMPANIONS)) {
    if (raw[companion as keyof RawTarget] === undefined || targets.includes(name)) continue;
    place.at(companion).fault(`has no effect beside ${name}: it goes with ${targets.join(" or ")}`);
  }
  if (name === "split") return splitOf(place.at("split"), raw.split!, scope);
  const read: Reader = READERS[name];
  return read(place, raw, scope);
}

/** Whether a target runs programs. */
export function runsPrograms(target: TargetConfig): boolean {
  if (target.kind === "split") return target.parts.some((part) => runsPrograms(part.target));
  return ["program", "pipe", "chain", "callback"].includes(target.kind);
}

/** Whether somebody has to wait for replies by callback. */
export function waitsForReply(target: TargetConfig): boolean {
  if (target.kind === "split") return target.parts.some((part) => waitsForReply(part.target));
  return target.kind === "callback";
}

function splitOf(place: Place, raw: NonNullable<RawTarget["split"]>, scope: TargetScope): TargetConfig {
  const parts = readItems(place, raw, (part, at) => {
    const target = targetOf(at, part, scope);
    return target && { weight: part.weight, target };
  });
  return { kind: "split", parts };
}

function one(place: Place, program: ProgramConfig | undefined, reply: boolean | RawReply = false) {
  if (!program) return undefined;
  return reply === false
    ? { kind: "program", program } as const
    : callbackOf(place, program, reply === true ? {} : reply);
}

/** A program that replies by callback. None of its kind waits warm: each run is a new process. */
export function callbackOf(place: Place, program: ProgramConfig, reply: RawReply): CallbackConfig {
  if (program.mode === "service") {
    place.at("run", "mode").fault('can\'t be "service" with reply: the answer comes over the socket');
  }
  const { channel = "stdin", onExit = "wait" } = reply;
  return { kind: "callback", program: { ...program, warm: 0 }, channel, onExit };
}

function namesOf({ path }: TargetScope): readonly string[] | undefined {
  return path === undefined ? undefined : patternNames(path);
}

function roleOf(place: Place, text: string): string | undefined {
  try {
    parsePattern(text);
    return text;
  } catch (error) {
    if (error instanceof TypeError) return place.fault(`is ${show(text)}, which is no role such as "shop@^1"`);
    throw error;
  }
}

function respondOf(place: Place, raw: string | RawRespond): TargetConfig | undefined {
  const { status = 200, headers = {}, body, json } = typeof raw === "string" ? { body: raw } as RawRespond : raw;
  if (body !== undefined && json !== undefined) return place.fault("has both body and json: keep one");
  const isEmpty = body === undefined && json === undefined;
  if (!isEmpty && [204, 205, 304].includes(status)) place.fault(`has a body, which an answer of ${status} can't have`);
  const type = json === undefined ? "text/plain; charset=utf-8" : "application/json";
  return {
    kind: "respond",
    status,
    headers: { ...!isEmpty && { "content-type": type }, ...fieldsOf(place.at("headers"), headers) },
    body: json === undefined ? body ?? "" : JSON.stringify(json),
  };
}

function loomOf(place: Place, raw: NonNullable<RawTarget["loom"]>, path: string | undefined): TargetConfig | undefined {
  const { dir, sync = "group" } = typeof raw === "string" ? { dir: raw } : raw;
  const resolved = place.resolve(dir);
  if (kindOfFile(resolved) === "file") return place.fault(`names ${dir}, which is no folder`);
  return checkRest(place, path) ? { kind: "loom", dir: resolved, sync } : undefined;
}

/** True when a route's path takes all paths below one; else a fault is noted. */
function checkRest(place: Place, path: string | undefined): boolean {
  if (path !== undefined && /\/\*\w+$/.test(path)) return true;
  place.fault('answers all paths below one: the route\'s path has to end in a rest, such as "/streams/*rest"');
  return false;
}
