/** The words by which services are named: `NAME@VERSION` when they are offered, `NAME@RANGE` when they are called. */

// @ts-types="@types/semver"
import { Range } from "semver";
import { checkServiceName, checkServiceVersion } from "../service_name.ts";
import { meshLimits } from "../limits.ts";

/** What is offered. */
export interface ServiceOffer {
  readonly service: string;
  /** Empty where it has none. */
  readonly version: string;
}

/** What is called. */
export interface ServicePattern {
  /** As it was written. */
  readonly text: string;
  readonly name: string;
  /** True for a version that may be called; for none, where no range is asked for. */
  matches(version: string): boolean;
}

/**
 * Reads `NAME` or `NAME@VERSION`.
 *
 * @throws {TypeError} when it is neither
 */
export function parseOffer(text: string): ServiceOffer {
  const { name, rest } = split(text);
  const version = rest === undefined ? "" : checkServiceVersion(rest);
  if (rest === "") throw new TypeError(`Cannot offer ${JSON.stringify(text)}: there is no version behind the @`);
  return { service: name, version };
}

/**
 * Reads `NAME` or `NAME@RANGE`, with a range as npm has them: `^1`, `1.2.x`, `>=1 <3`. Versions before a release, such as
 * `2.0.0-rc.1`, match only a range that names one of the same release.
 *
 * @throws {TypeError} when it is neither
 */
export function parsePattern(text: string): ServicePattern {
  const { name, rest } = split(text);
  if (rest === undefined) return { text, name, matches: () => true };
  const range = readRange(rest);
  const known = new Map<string, boolean>();
  return {
    text,
    name,
    matches(version) {
      const before = known.get(version);
      if (before !== undefined) return before;
      const isMatch = version !== "" && range.test(version);
      if (known.size >= meshLimits.patternsOfService) known.clear();
      known.set(version, isMatch);
      return isMatch;
    },
  };
}

/** The last `@` begins the version, so that a name may begin with one, as `@acme/web` does. */
function split(text: string): { readonly name: string; readonly rest: string | undefined } {
  const at = text.lastIndexOf("@");
  if (at <= 0) return { name: checkServiceName(text), rest: undefined };
  return { name: checkServiceName(text.slice(0, at)), rest: text.slice(at + 1) };
}

/** What a range is made of; to read each costs some hundred times its characters. */
const PARTS = /\|\||\s+/;

function readRange(text: string): Range {
  const isShort = text.length <= meshLimits.rangeChars && text.split(PARTS).length <= meshLimits.rangeParts;
  try {
    if (isShort) return new Range(text);
  } catch {
    // Told below.
  }
  throw new TypeError(
    `Cannot use ${JSON.stringify(text.slice(0, 80))} as a range of versions: it is one as npm has them, such as ^1.2`,
  );
}
