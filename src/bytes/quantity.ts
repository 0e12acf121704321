/** Sizes and times as people write them, for flags and files alike. */

const BYTES: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** What a size looks like, for patterns of schemas and for hints. */
export const BYTES_PATTERN = "^\\d{1,12}[kKmMgG]?([iI]?[bB])?$";

/**
 * A size in bytes, or with a unit: `4096`, `512k`, `10m`, `2g`.
 *
 * @returns undefined for what is none
 */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d{1,12})([kmg]?)(?:i?b)?$/i.exec(text);
  return match ? Number(match[1]) * BYTES[match[2].toLowerCase()] : undefined;
}

const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** What a time looks like, for patterns of schemas and for hints. */
export const DURATION_PATTERN = "^\\d{1,9}([mM]?[sS]|[mMhHdD])$";

/**
 * A length of time with its unit, in milliseconds: `500ms`, `90s`, `5m`, `12h`, `7d`.
 *
 * @returns undefined for what is none
 */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/i.exec(text);
  return match ? Number(match[1]) * MILLISECONDS[match[2].toLowerCase()] : undefined;
}
