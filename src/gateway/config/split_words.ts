/** Words of a command as a shell would part them, without a shell: nothing is expanded, nothing is run. */

/** One step outside of double quotes: a gap, a quoted text, an escaped character, plain text, or the quote that opens. */
const OUTSIDE = /([ \t\r\n]+)|'([^']*)'|\\([^])|([^'"\\ \t\r\n]+)|(")/y;
/** One step within them: what a backslash stands before, anything else, or the quote that closes. */
const INSIDE = /()()\\(["\\$`])|([^"\\]+|\\)|(")/y;

/**
 * Parts a text into words. Spaces part them, but within quotes; a backslash takes the next character as it is, within
 * double quotes only before `"`, `\`, `$` and a backquote, as POSIX has it (XCU 2.2).
 *
 * @throws {SyntaxError} for a quote without its end, and for a backslash at the end
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quoted = false;
  for (let at = 0; at < text.length;) {
    const step = quoted ? INSIDE : OUTSIDE;
    step.lastIndex = at;
    const match = step.exec(text);
    if (!match) throw new SyntaxError(text[at] === "\\" ? "A backslash stands at the end" : "A quote has no end");
    at = step.lastIndex;
    const [, gap, single, escaped, plain, quote] = match;
    if (gap) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? "") + (escaped ?? plain ?? single ?? "");
      if (quote) quoted = !quoted;
    }
  }
  if (quoted) throw new SyntaxError("A quote has no end");
  return word === undefined ? words : [...words, word];
}
