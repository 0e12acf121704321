/** Values of flags, checked where they are read. */

import { InvalidArgumentError } from "commander";
import { parseBytes, parseDuration } from "../bytes/quantity.ts";
import type { Token } from "../http/tokens.ts";

/** A time in milliseconds, 0 for none. */
export function milliseconds(text: string): number {
  return wholeNumber(text, 0, 2 ** 31 - 1, "a number of milliseconds from 0 (none) to 2147483647");
}

/** A port; 0 for any free one. */
export function port(text: string): number {
  return wholeNumber(text, 0, 65535, "a port from 0 (any free one) to 65535");
}

/** A port that something listens on. */
export function servicePort(text: string): number {
  return wholeNumber(text, 1, 65535, "a port from 1 to 65535");
}

/** The lowest and the highest port to choose from. */
export function portRange(text: string): readonly [number, number] {
  const [lowest, highest] = /^(\d{1,5})-(\d{1,5})$/.exec(text)?.slice(1).map(Number) ?? [0, 0];
  if (lowest >= 1 && lowest <= highest && highest <= 65535) return [lowest, highest];
  throw new InvalidArgumentError("It is two ports from 1 to 65535, the lower first, such as 4000-4999.");
}

/** A count of at least one. */
export function count(text: string): number {
  return wholeNumber(text, 1, 1_000_000, "a whole number from 1 to 1000000");
}

/** A count that may be none. */
export function countOrNone(text: string): number {
  return wholeNumber(text, 0, 1_000_000, "a whole number from 0 to 1000000");
}

/** A size in bytes, or with a unit: 512k, 10m, 2g. */
export function bytes(text: string): number {
  const value = parseBytes(text);
  if (value === undefined) throw new InvalidArgumentError("It is a size such as 4096, 512k, 10m or 2g.");
  return value;
}

/** A length of time with its unit, in milliseconds: 500ms, 90s, 5m, 12h, 7d. */
export function duration(text: string): number {
  const value = parseDuration(text);
  if (value === undefined) throw new InvalidArgumentError("It is a time such as 500ms, 90s, 5m, 12h or 7d.");
  return value;
}

/**
 * A token, with `:ro` behind it for reading only.
 *
 * @throws {Error} which does not hold what was given: that may be a token, nearly
 */
export function token(text: string): Token {
  const [, token, mode] = /^([^\s,:\P{ASCII}]+)(:ro)?$/u.exec(text) ?? [];
  if (token === undefined) {
    throw new Error("A token is visible ASCII without spaces, commas and colons; :ro behind it makes it read only");
  }
  return { token, write: mode === undefined };
}

/**
 * A token that says nothing of what it is for.
 *
 * @throws {Error} which does not hold what was given
 */
export function secret(text: string): string {
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  throw new Error("A token is visible ASCII without spaces");
}

/** Collects the values of a flag that may be repeated. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** Collects the values of such a flag that may also stand together, with commas between them, as in a variable. */
export function collectList(value: string, before: readonly string[] = []): readonly string[] {
  const items = value.split(",").map((item) => item.trim()).filter((item) => item !== "");
  if (items.length === 0) throw new InvalidArgumentError("It is empty.");
  return [...before, ...items];
}

/** An origin of web pages, or `*` for all. */
export function origin(text: string): string {
  if (text === "*") return text;
  const { origin } = new URL(httpUrl(text));
  return origin;
}

/** Collects `--origin` flags. */
export function collectOrigins(text: string, before: readonly string[] = []): readonly string[] {
  return collect(origin(text), before);
}

/** A URL of http or https. */
export function httpUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new InvalidArgumentError("It is a URL such as https://app.example.");
}

/** Any JSON value. */
export function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidArgumentError(`It is JSON, such as '{"branch": "main"}'.`);
  }
}

function wholeNumber(text: string, least: number, most: number, what: string): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new InvalidArgumentError(`It is ${what}.`);
}

/**
 * Collects `--env` flags: `NAME=VALUE` sets a variable, `NAME` passes on our own.
 *
 * @throws {InvalidArgumentError} when a variable to pass on is not set
 */
export function environmentEntry(text: string, before: Record<string, string> = {}): Record<string, string> {
  const equals = text.indexOf("=");
  const name = equals === -1 ? text : text.slice(0, equals);
  if (!/^[^=\0]+$/.test(name)) throw new InvalidArgumentError("It is NAME or NAME=VALUE.");
  const value = equals === -1 ? Deno.env.get(name) : text.slice(equals + 1);
  if (value === undefined) throw new InvalidArgumentError(`${name} is not set here: set it, or give ${name}=VALUE.`);
  return { ...before, [name]: value };
}
