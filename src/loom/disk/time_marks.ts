/** When the last bytes of a stream came: a few marks, the closer the fewer bytes there are. */

/** Bytes from `from` to the next mark came at `timeMs` at the latest, and after those before. */
export type TimeMark = readonly [timeMs: number, from: number];

const MARKS_MAX = 64;

/** Adds a mark; when there are too many, each two become one. */
export function addMark(marks: TimeMark[], timeMs: number, from: number): void {
  const last = marks.at(-1);
  if (last && timeMs <= last[0]) return;
  marks.push([timeMs, from]);
  if (marks.length <= MARKS_MAX) return;
  for (let i = 0; i < marks.length - 1; i++) marks.splice(i, 2, [marks[i + 1][0], marks[i][1]]);
}

/** Forgets marks that speak of nothing behind a position. */
export function dropMarksBefore(marks: TimeMark[], position: number): void {
  while (marks.length > 1 && marks[1][1] <= position) marks.shift();
}

/**
 * The position before which nothing came at a time or later.
 *
 * @param tail where the stream ends
 * @returns undefined when that may lie before the first mark
 */
export function positionIn(marks: readonly TimeMark[], timeMs: number, tail: number): number | undefined {
  const i = marks.findIndex((mark) => mark[0] >= timeMs);
  if (i === -1 && marks.length > 0) return tail;
  return i > 0 ? marks[i][1] : undefined;
}

/** When the byte at a position came, at the latest. */
export function timeOf(marks: readonly TimeMark[], position: number): number {
  return marks.findLast((mark) => mark[1] <= position)?.[0] ?? marks[0]?.[0] ?? 0;
}
