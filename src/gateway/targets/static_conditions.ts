/** What a client knows of a file already, and what follows from it (RFC 9110 §13). Pure. */

/** What tells one state of a representation from another. */
export interface Validators {
  /** Strong, with its quotes. */
  readonly etag: string;
  /** `Last-Modified`, in whole seconds since 1970. */
  readonly modified: number;
}

/** The request's fields, by lower-case name. */
export type FieldGetter = (name: string) => string | null;

/**
 * Judges a request's conditions, in the order of RFC 9110 §13.2.2.
 *
 * @returns undefined: go on
 */
export function judgeConditions(field: FieldGetter, file: Validators): 304 | 412 | undefined {
  const ifMatch = field("if-match");
  const ifUnmodified = ifMatch === null ? field("if-unmodified-since") : null;
  if (ifMatch !== null && !matches(ifMatch, file.etag, "strong")) return 412;
  if (ifUnmodified !== null && file.modified > (parseHttpDate(ifUnmodified) ?? Infinity)) return 412;
  const ifNoneMatch = field("if-none-match");
  if (ifNoneMatch !== null) return matches(ifNoneMatch, file.etag, "weak") ? 304 : undefined;
  const ifModified = field("if-modified-since");
  return ifModified !== null && file.modified <= (parseHttpDate(ifModified) ?? -Infinity) ? 304 : undefined;
}

/** Whether ranges are of the file that the client has a part of (RFC 9110 §13.1.5). */
export function isRangeOfThis(ifRange: string | null, file: Validators): boolean {
  if (ifRange === null) return true;
  if (ifRange.includes('"')) return ifRange === file.etag; // a weak one never is the same
  return parseHttpDate(ifRange) === file.modified;
}

function matches(field: string, etag: string, comparison: "strong" | "weak"): boolean {
  if (field.trim() === "*") return true;
  for (const [tag] of field.matchAll(/(?:W\/)?"[^"]*"/g)) {
    if (tag === etag || comparison === "weak" && tag.startsWith("W/") && tag.slice(2) === etag) return true;
  }
  return false;
}

/** The three forms of a date (RFC 9110 §5.6.7). `Date.parse` takes much else, some of it in the zone of the server. */
const HTTP_DATES = [
  /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/,
  /^[A-Z][a-z]+day, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT$/,
  /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/,
];

/** Whole seconds since 1970; undefined for what is no date, which counts as not said. */
function parseHttpDate(text: string): number | undefined {
  if (!HTTP_DATES.some((form) => form.test(text))) return undefined;
  const ms = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`);
  return Number.isNaN(ms) ? undefined : ms / 1000;
}
