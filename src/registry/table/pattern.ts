/** The words by which services are named: `role@version` when they register, `role@range` when they are looked for. */

// @ts-types="@types/semver"
import { parse, Range } from "semver";
import { limits } from "../../limits.ts";

/** What a name says. */
export interface Name {
  readonly role: string;
  readonly version?: string;
}

/** What is looked for. */
export interface Pattern {
  /** Undefined: every role. */
  readonly role?: string;
  /** Undefined: every version, and services without one. */
  readonly range?: Range;
}

/**
 * Takes a name apart. The last `@` begins the version, so that a role may begin with one, as `@acme/web` does.
 *
 * @throws {TypeError} for what names no role
 */
export function splitName(text: string): { readonly role: string; readonly rest: string | undefined } {
  const at = text.lastIndexOf("@");
  const role = at > 0 ? text.slice(0, at) : text;
  return { role: checkRole(role), rest: at > 0 ? text.slice(at + 1) : undefined };
}

/**
 * Reads `role` or `role@version`.
 *
 * @throws {TypeError} for a version that is none
 */
export function parseName(text: string): Name {
  const { role, rest } = splitName(text);
  return rest === undefined ? { role } : { role, version: checkVersion(rest) };
}

/** Checks a role: no spaces and control characters, and an `@` at most at its beginning. */
export function checkRole(role: string): string {
  if (isRole(role)) return role;
  throw new TypeError(
    `Cannot use ${
      JSON.stringify(role.slice(0, 80))
    } as a role: it has 1 to ${limits.registryNameChars} characters without spaces, such as "web"`,
  );
}

/** True for a role. */
export function isRole(text: string): boolean {
  return text.length <= limits.registryNameChars && /^@?[^\s@\p{C}]+$/u.test(text);
}

/** What nearly all versions are, so that few have to be parsed to know that they could be. */
const PLAIN_VERSION = /^(0|[1-9]\d{0,14})\.(0|[1-9]\d{0,14})\.(0|[1-9]\d{0,14})$/;

/** True for a version. */
export function isVersion(text: string): boolean {
  return PLAIN_VERSION.test(text) || parse(text) !== null;
}

/** Checks a version, and gives it in the form of semver.org. */
export function checkVersion(text: string): string {
  const version = parse(text);
  if (version) return [version.version, ...version.build.length > 0 ? [version.build.join(".")] : []].join("+");
  throw new TypeError(
    `Cannot use ${JSON.stringify(text.slice(0, 80))} as a version: it is no semantic version such as 1.2.3`,
  );
}

/** Patterns that were read before: services are looked for by few of them, often. */
const known = new Map<string, Pattern>();

/**
 * Reads `role`, `role@range`, or nothing for all.
 *
 * @throws {TypeError} for a range that is none
 */
export function parsePattern(text: string = ""): Pattern {
  const found = known.get(text);
  if (found) return found;
  const pattern = readPattern(text);
  if (text.length > limits.registryPatternKnownChars) return pattern;
  if (known.size >= limits.registryPatternsKnown) known.clear();
  known.set(text, pattern);
  return pattern;
}

function readPattern(text: string): Pattern {
  if (text === "") return {};
  if (text.length > limits.registryPatternChars) {
    throw new TypeError(
      `Cannot look for a pattern of ${text.length} characters: ${limits.registryPatternChars} is the most`,
    );
  }
  const { role, rest } = splitName(text);
  if (rest === undefined) return { role };
  return { role, range: readRange(text, rest) };
}

function readRange(text: string, rest: string): Range {
  const most = limits.registryRangeParts;
  // Alternatives are counted before they are read: there is an end to what a question may cost.
  const alternatives = rest.split("||", most + 1).length;
  try {
    const range = alternatives > most ? undefined : new Range(rest);
    if (range && range.set.flat().length <= most) return range;
  } catch (cause) {
    throw new TypeError(
      `Cannot look for ${JSON.stringify(text)}: ${
        JSON.stringify(rest)
      } is no range of versions such as 1.2.x or ^1.2.0`,
      { cause },
    );
  }
  throw new TypeError(`Cannot look for a range of more than ${most} versions and bounds`);
}

/** True for a service that a pattern is of. */
export function matches({ role, range }: Pattern, service: Name): boolean {
  if (role !== undefined && role !== service.role) return false;
  return range === undefined || (service.version !== undefined && range.test(service.version));
}
