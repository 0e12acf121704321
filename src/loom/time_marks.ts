/** When the last bytes of a stream came: a few marks, the closer the fewer bytes there are. */

/** Bytes from `from` on came at `timeMs` or later. */
export type TimeMark = readonly [timeMs: number, from: number];

const MARKS_MAX = 64;

/** Adds a mark; when there are too many, every second one is forgotten. */
export function addMark(marks: TimeMark[], timeMs: number, from: number): void {
  const last = marks.at(-1);
  if (last && timeMs <= last[0]) return;
  marks.push([timeMs, from]);
  if (marks.length <= MARKS_MAX) return;
  for (let i = 1; i < marks.length - 1; i++) marks.splice(i, 1);
}

/** Forgets marks that speak of nothing behind a position. */
export function dropMarksBefore(marks: TimeMark[], position: number): void {
  while (marks.length > 1 && marks[1][1] <= position) marks.shift();
}

/** The last mark at or before a time; undefined when all are later. */
export function markAt(marks: readonly TimeMark[], timeMs: number): TimeMark | undefined {
  return marks.findLast((mark) => mark[0] <= timeMs);
}

/** When the byte at a position came, at the earliest. */
export function timeOf(marks: readonly TimeMark[], position: number): number {
  return marks.findLast((mark) => mark[1] <= position)?.[0] ?? marks[0]?.[0] ?? 0;
}
