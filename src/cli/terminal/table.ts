/**
 * Tables for people. On a terminal a table fits the width: its last column is wrapped, the widest of the others are
 * shortened, and what there is no room for at all is left out. In a pipe nothing is cut, and a row is a line.
 */

import { printable } from "../../bytes/printable.ts";
import { type Style, styled, type Terminal } from "./terminal.ts";
import { shortened, textWidth, wrapped } from "./text_width.ts";

/** A text, or one with a style. */
export type Cell = string | { readonly text: string; readonly style: Style };

/** Between two columns. */
const GAP = "  ";
/** The last column gets so many columns of the terminal, as far as the others can be shortened for it. */
const LAST_GOOD = 24;
/** Less of a column can't be read: of the first, which says what a row is of, of the last, and of those between them. */
const LEAST = { first: 12, last: 16, between: 8 };

/**
 * Makes a table.
 *
 * @param heads a heading for each column
 * @param rows a cell for each column; of what strangers wrote, nothing reaches the terminal as it is
 * @returns whole lines
 */
export function tableText(
  heads: readonly string[],
  rows: readonly (readonly Cell[])[],
  { columns, color }: Pick<Terminal, "columns" | "color">,
): string {
  const body = rows.map((row) => row.map(seen));
  const widest = heads.map((head, at) => Math.max(textWidth(head), ...body.map((row) => textWidth(row[at].text))));
  const columnsShown = columns === undefined ? widest.map((width, at) => ({ at, width })) : fitted(widest, columns);
  const head = heads.map((text) => ({ text, style: "bold" as const }));
  return [head, ...body].flatMap((row) => rowLines(row, columnsShown, color)).join("");
}

interface SeenCell {
  readonly text: string;
  readonly style?: Style;
}

function seen(cell: Cell): SeenCell {
  const { text, style } = typeof cell === "string" ? { text: cell, style: undefined } : cell;
  return { text: printable(text).replaceAll("\t", " "), style };
}

/** A column that is shown. */
interface Shown {
  /** Which one it is. */
  readonly at: number;
  readonly width: number;
}

/** Chooses the columns that there is room for, and takes from the widest until the last one has enough of the line. */
function fitted(widest: readonly number[], columns: number): readonly Shown[] {
  const last = widest.length - 1;
  const leastOf = (at: number) =>
    Math.min(widest[at], at === last ? LEAST.last : at === 0 ? LEAST.first : LEAST.between);
  const shown = widest.map((_, at) => at);
  const least = () => shown.reduce((sum, at) => sum + leastOf(at) + GAP.length, -GAP.length);
  while (least() > columns && shown.length > 2) shown.splice(-2, 1);
  const widths = new Map(shown.map((at) => [at, widest[at]]));
  const front = shown.slice(0, -1);
  const left = () => front.reduce((rest, at) => rest - widths.get(at)! - GAP.length, columns);
  while (left() < Math.min(widest[last], LAST_GOOD)) {
    const [most] = front.filter((at) => widths.get(at)! > leastOf(at)).sort((a, b) => widths.get(b)! - widths.get(a)!);
    if (most === undefined) break;
    widths.set(most, widths.get(most)! - 1);
  }
  widths.set(last, Math.min(widest[last], Math.max(left(), LEAST.between)));
  return shown.map((at) => ({ at, width: widths.get(at)! }));
}

/** One line, and one more for each piece of the last cell that did not fit beside the others. */
function rowLines(row: readonly SeenCell[], shown: readonly Shown[], color: boolean): string[] {
  const front = shown.slice(0, -1);
  const last = shown.at(-1)!;
  const beside = front.map(({ at, width }) => {
    const fits = shortened(row[at].text, width);
    return styled(fits, row[at].style, color) + " ".repeat(width - textWidth(fits));
  });
  const below = front.map(({ width }) => " ".repeat(width));
  const { text, style } = row[last.at];
  return wrapped(text, last.width).map((piece, at) => {
    const cells = [...at === 0 ? beside : below, styled(piece, style, color && piece !== "")];
    return cells.join(GAP).trimEnd() + "\n";
  });
}
