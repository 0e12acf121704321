/** How many columns of a terminal a text takes, and what of it goes into a number of them. */

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Nothing but marks and characters that are not seen. */
const UNSEEN = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;
/** Twice as wide as a letter (Unicode's East Asian Width: W and F), with emoji. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;

/** Columns of a text without control characters. */
export function textWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let columns = 0;
  for (const { segment } of segmenter.segment(text)) columns += graphemeWidth(segment);
  return columns;
}

function graphemeWidth(segment: string): number {
  if (WIDE.test(segment)) return 2;
  return UNSEEN.test(segment) ? 0 : 1;
}

/** The beginning of a text that fits, and the rest. */
function splitAt(text: string, columns: number): readonly [string, string] {
  let [taken, used] = [0, 0];
  for (const { segment } of segmenter.segment(text)) {
    const width = graphemeWidth(segment);
    if (used + width > columns) break;
    used += width;
    taken += segment.length;
  }
  return [text.slice(0, taken), text.slice(taken)];
}

/** A text that is no wider; what is left out is told by … */
export function shortened(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  return columns < 1 ? "" : splitAt(text, columns - 1)[0] + "…";
}

/** A text in lines that fit, parted at spaces where that is possible. */
export function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (textWidth(rest) > columns) {
    const [head] = splitAt(rest, columns);
    // One character is taken even where none fits, or there would be no end.
    const most = head.length || [...rest][0].length;
    const space = rest.lastIndexOf(" ", most);
    const cut = space > 0 ? space : most;
    lines.push(rest.slice(0, cut).trimEnd());
    rest = rest.slice(cut).trimStart();
  }
  return rest === "" && lines.length > 0 ? lines : [...lines, rest];
}
