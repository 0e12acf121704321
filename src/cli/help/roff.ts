/** Text for roff with the macros of `man`: nothing in it is taken for a request or an escape. */

/** Running text; what stands between backticks, and options, are bold. */
export function prose(text: string): string {
  const pieces = text.split(/(`[^`]*`|(?<![\w-])--?[A-Za-z][\w.=:-]*)/);
  return pieces.map((piece, index) => index % 2 === 0 ? escaped(piece) : bold(piece.replaceAll("`", ""))).join("");
}

/** What is typed as it stands. */
export function bold(text: string): string {
  return `\\fB${literal(text)}\\fR`;
}

/** What stands for something else. */
export function italic(text: string): string {
  return `\\fI${literal(text)}\\fR`;
}

/** Characters as they are, to be copied from the page: a hyphen is no dash then, and quotes are not curled. */
export function literal(text: string): string {
  return escaped(text).replaceAll("-", "\\-").replaceAll("'", "\\(aq").replaceAll("`", "\\(ga")
    .replaceAll("^", "\\(ha").replaceAll("~", "\\(ti");
}

/** Lines of their own: one that begins with a dot or a quote is no request. */
export function line(text: string): string {
  return `${/^[.']/.test(text) ? "\\&" : ""}${text}\n`;
}

/** A macro's argument, which may hold blanks. */
export function argument(text: string): string {
  return `"${text.replaceAll('"', "\\(dq")}"`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\e").replace(/[^\n\x20-\x7e]/gu, (character) => {
    return `\\[u${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}]`;
  });
}
