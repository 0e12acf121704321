/** Tables of measurements: as Markdown, and what is computed on the way there. */

/** A table with its first column to the left, the others to the right, all padded so that the source reads well too. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, i) => Math.max(3, cell.length, ...rows.map((row) => row[i].length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join(" | ")} |`;
  const rule = widths.map((width, i) => i === 0 ? "-".repeat(width) : "-".repeat(width - 1) + ":");
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

/** The median; of an even number of values the mean of the middle two. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("Cannot take the median of no values");
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** The medians of objects that hold nothing but numbers, figure by figure. */
export function medianOf<T extends object>(all: readonly T[]): T {
  const keys = Object.keys(all[0]) as (keyof T)[];
  return Object.fromEntries(keys.map((key) => [key, median(all.map((one) => Number(one[key])))])) as T;
}

/** A map with the same keys and other values. */
export function mapValues<V, W>(map: ReadonlyMap<string, V>, change: (value: V) => W): Map<string, W> {
  return new Map([...map].map(([key, value]) => [key, change(value)]));
}

/** Stands where there is no figure. */
export const NONE = "–";

/** What became of an aim. */
export function verdict(isMet: boolean): string {
  return isMet ? "met" : "missed";
}

/** A figure as precise as it is worth. */
export function shown(value: number): string {
  return value.toFixed(value < 100 ? 1 : 0);
}

/** One figure as a multiple of another. */
export function times(a: number | undefined, b: number | undefined): string {
  return a === undefined || b === undefined ? NONE : (a / b).toFixed(2);
}
