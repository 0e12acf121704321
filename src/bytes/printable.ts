/** What strangers wrote, as it may be shown on a terminal: nothing in it drives the terminal, or reorders or breaks a line. */

/** Control characters, and those that reorder or break lines. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Text in which such characters are escaped; a tab is left. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    if (character === "\t") return character;
    const code = character.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
  });
}

/**
 * JSON that means the same, with such characters escaped.
 *
 * @param indent spaces a level; none: all in one line
 */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(UNPRINTABLE, (character) => {
    if (character === "\n") return character; // ours: those within texts are escaped by now
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
