/** Methods and patterns of paths, checked for what the router takes. */

import type { Place } from "../place.ts";
import type { Some } from "../raw.ts";
import { notAmong, show } from "../schema/check.ts";
import { readItems } from "./values.ts";

/** Methods that requests have (RFC 9110, RFC 5789, WebDAV); others would be slips of the pen. */
const METHODS = [
  ...["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"],
  ...["PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT", "SEARCH", "PURGE"],
];

/** What a request has to be for a route. */
export interface Matching {
  /** None: all. Upper case. */
  readonly methods: readonly string[];
  readonly path: string;
}

/** Reads `GET,POST /path`, or a path alone. */
export function matchingOf(place: Place, raw: string, method?: Some<string>): Matching | undefined {
  const [, before, path] = /^(?:(\S+)\s+)?(\S+)$/.exec(raw.trim()) ?? [];
  const at = place.at("path");
  if (path === undefined) {
    return at.fault(`is ${show(raw)}, which is no path such as "/orders/:id" or "GET /orders/:id"`);
  }
  const problem = patternProblem(path);
  if (problem) return at.fault(`is ${show(path)}: ${problem}`);
  if (before !== undefined && method !== undefined) return place.at("method").fault("is said in path too: keep one");
  const named = before === undefined ? readItems(place.at("method"), method, methodOf) : methodsOf(at, before);
  return { methods: [...new Set(named)], path };
}

/** Reads methods with commas between them. */
export function methodsOf(place: Place, text: string): readonly string[] {
  return text.split(",").flatMap((name) => methodOf(name, place) ?? []);
}

/** Reads a method. */
export function methodOf(name: string, place: Place): string | undefined {
  const method = name.toUpperCase();
  return METHODS.includes(method) ? method : place.fault(`names a method that ${notAmong(name, METHODS)}`);
}

/** What is wrong with a pattern; undefined for nothing. */
export function patternProblem(pattern: string): string | undefined {
  if (!pattern.startsWith("/")) return "a path begins with a slash";
  const segments = pattern.slice(1).split("/");
  const names = patternNames(pattern);
  if (segments.slice(0, -1).some((segment) => segment.startsWith("*"))) return "a rest such as *rest stands at its end";
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return `the parameter ${twice} stands in it twice`;
  return segments.map(segmentProblem).find((problem) => problem !== undefined);
}

function segmentProblem(segment: string): string | undefined {
  const name = nameOf(segment);
  if (name !== undefined) {
    return /^[A-Za-z_]\w*$/.test(name) && name !== "__proto__" ? undefined : `${show(name)} is no name of a parameter`;
  }
  if (segment === "." || segment === "..") return `no path has a piece ${segment}`;
  return /[:{}*?#\\\p{Cc}]/u.test(segment) ? `${segment} is neither plain text nor :name, {name} or *name` : undefined;
}

/** Name of a parameter; undefined for a segment that is none. */
function nameOf(segment: string): string | undefined {
  if (segment.startsWith(":") || segment.startsWith("*")) return segment.slice(1);
  return segment.startsWith("{") && segment.endsWith("}") ? segment.slice(1, -1) : undefined;
}

/** Names of a pattern's parameters. */
export function patternNames(pattern: string): readonly string[] {
  return pattern.slice(1).split("/").flatMap((segment) => nameOf(segment) ?? []);
}

/** True for a pattern that takes all paths below one. */
export function endsInRest(pattern: string): boolean {
  return pattern.slice(pattern.lastIndexOf("/") + 1).startsWith("*");
}

/** A pattern without its names: those that differ in names alone match the same. */
export function patternShape(pattern: string): string {
  return pattern.split("/").map((segment) =>
    segment.startsWith("*") ? "*" : nameOf(segment) === undefined ? segment : ":"
  )
    .join("/");
}

/** `{name}` anywhere; `:name` and `*name` as whole pieces. */
const PARAMETER = /\{(\w+)\}|(?<=\/):(\w+)(?=[/?#]|$)|(?<=\/)\*(\w+)(?=[?#]|$)/g;

/**
 * Checks a path that is made of parameters, such as `/new/:name`.
 *
 * @param names parameters that there are; undefined for those of an operation, which stand in its document
 */
export function checkTemplate(place: Place, template: string, names: readonly string[] | undefined): void {
  if (!/^\/(?![/\\])/.test(template) || /[\s\p{Cc}]/u.test(template)) {
    return place.fault(`is ${show(template)}, which is no path such as "/new/:name"`);
  }
  const [loose] = /\/[:*][^/?#]*|[{}]/.exec(template.replace(PARAMETER, "").split(/[?#]/, 1)[0]) ?? [];
  if (loose !== undefined) {
    return place.fault(`is ${show(template)}: ${loose} is neither plain text nor :name, {name} or *name`);
  }
  for (const match of template.matchAll(PARAMETER)) {
    const name = match[1] ?? match[2] ?? match[3];
    if (!names || names.includes(name)) continue;
    place.fault(
      `uses ${match[0]}, which the path does not have${names.length > 0 ? `: it has ${names.join(", ")}` : ""}`,
    );
  }
}
