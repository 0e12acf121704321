/** Lengths of time as Go writes them. */

/** What they look like: `1m30s`, `1.5s`, `100ms`. */
export const GO_TIME_PATTERN = "^(0|(\\d+(\\.\\d+)?(ns|us|µs|ms|s|m|h))+)$";

const MILLISECONDS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Whole milliseconds of a text that fits the pattern; what is not nothing is at least one. */
export function goMilliseconds(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  return Math.ceil(parts.reduce((sum, [, count, unit]) => sum + Number(count) * MILLISECONDS[unit], 0));
}
