/** Media types and ranges of them (RFC 9110 §8.3.1, §12.5.1). */

/** A type, or a range such as `text/*`. */
export interface MediaRange {
  /** Lower case; `*` for any. */
  readonly type: string;
  readonly subtype: string;
  /** By name in lower case, without the quality. */
  readonly parameters: ReadonlyMap<string, string>;
  /** How welcome it is in an Accept field, 0 to 1. */
  readonly quality: number;
}

const TOKEN = "[!#$%&'*+.^_`|~\\w-]+";
const RANGE = new RegExp(`^\\s*(${TOKEN})/(${TOKEN})\\s*$`);

/** Takes one apart; undefined for what is none. */
export function parseRange(text: string): MediaRange | undefined {
  const [essence, ...rest] = text.split(";");
  const match = RANGE.exec(essence);
  if (!match) return undefined;
  const parameters = new Map<string, string>();
  for (const part of rest) {
    const equals = part.indexOf("=");
    if (equals === -1) continue;
    const value = part.slice(equals + 1).trim().replace(/^"(.*)"$/, "$1");
    parameters.set(part.slice(0, equals).trim().toLowerCase(), value);
  }
  const quality = Number(parameters.get("q") ?? 1);
  parameters.delete("q");
  return { type: match[1].toLowerCase(), subtype: match[2].toLowerCase(), parameters, quality: quality || 0 };
}

/** Whether what is of a type is JSON (RFC 6839 §3.1). */
export function isJson({ type, subtype }: MediaRange): boolean {
  return type === "application" && subtype === "json" || subtype.endsWith("+json");
}

/** How closely a range fits a type: 0 for not at all, more for fewer wildcards and more parameters. */
export function fit(range: MediaRange, type: MediaRange): number {
  if (range.type !== "*" && range.type !== type.type) return 0;
  if (range.subtype !== "*" && range.subtype !== type.subtype) return 0;
  for (const [name, value] of range.parameters) {
    if (type.parameters.get(name)?.toLowerCase() !== value.toLowerCase()) return 0;
  }
  return 1 + Number(range.type !== "*") + Number(range.subtype !== "*") + range.parameters.size;
}

/** Of several, the one whose range fits a type best. */
export function bestFit<T extends { readonly range: MediaRange }>(
  entries: readonly T[],
  type: MediaRange,
): T | undefined {
  let [best, most]: [T | undefined, number] = [undefined, 0];
  for (const entry of entries) {
    const much = fit(entry.range, type);
    if (much > most) [best, most] = [entry, much];
  }
  return best;
}

/** Whether an Accept field takes one of several types, of which some may be ranges. */
export function accepts(field: string, offered: readonly MediaRange[]): boolean {
  const ranges = field.split(",").map(parseRange).filter((range) => range !== undefined);
  if (ranges.length === 0) return true;
  return offered.some((offer) => qualityOf(ranges, offer) > 0);
}

/** What the range that fits best says; a range that is offered is taken where any of its types may be. */
function qualityOf(ranges: readonly MediaRange[], offer: MediaRange): number {
  if (offer.type === "*" || offer.subtype === "*") {
    return Math.max(...ranges.map((range) => fit(offer, range) > 0 || fit(range, offer) > 0 ? range.quality : 0));
  }
  let [quality, most] = [0, 0];
  for (const range of ranges) {
    // Parameters of the range that we don't tell of, as charset, are not held against us.
    const much = fit({ ...range, parameters: new Map() }, offer) && fit(range, offer) + 1;
    if (much > most) [quality, most] = [range.quality, much];
  }
  return quality;
}
