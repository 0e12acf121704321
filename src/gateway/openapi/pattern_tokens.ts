/** The pieces of a regular expression of ECMA-262, as far as they have to be told apart to judge and to translate it. */

/** A piece. */
export interface PatternToken {
  /** `atom`: what takes one character; `group`: an opening, `(?:` too; `close`; `bar`; `start` and `end`: `^` and `$`. */
  readonly kind: "atom" | "quantifier" | "group" | "close" | "bar" | "start" | "end" | "boundary";
  readonly text: string;
}

/** Of a quantifier. */
export interface Repeats {
  readonly min: number;
  readonly max: number;
}

/** Escapes that take one character, and have more letters than one behind the backslash. */
const LONG_ESCAPE =
  /^\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u\{[\da-fA-F]+\}|u[\da-fA-F]{4}|x[\da-fA-F]{2}|c[A-Za-z]|[pP]\{[\w=]+\})/;

const QUANTIFIER = /^(?:[*+?]|\{\d+(?:,\d*)?\})\??/;

/**
 * Takes an expression apart.
 *
 * @throws {SyntaxError} when it is none, or holds what can't be judged without going back and forth over the text
 */
export function tokensOf(pattern: string): readonly PatternToken[] {
  checkSyntax(pattern);
  const tokens: PatternToken[] = [];
  for (let at = 0; at < pattern.length;) {
    const token = tokenAt(pattern.slice(at));
    tokens.push(token);
    at += token.text.length;
  }
  return tokens;
}

/** How often something may come, by a quantifier. */
export function repeatsOf(quantifier: string): Repeats {
  const [, min, comma, max] = /^\{(\d+)(,?)(\d*)\}/.exec(quantifier) ?? [];
  if (min !== undefined) return { min: Number(min), max: comma ? (max ? Number(max) : Infinity) : Number(min) };
  return { min: quantifier[0] === "+" ? 1 : 0, max: quantifier[0] === "?" ? 1 : Infinity };
}

/** The pieces of a class in brackets, without these and without the `^`: characters, escapes and the dashes of ranges. */
export function classMembers(text: string): readonly string[] {
  const members: string[] = [];
  for (let rest = text.replace(/^\[\^?/, "").slice(0, -1); rest !== "";) {
    const member = rest.startsWith("\\") ? escapeAt(rest) : String.fromCodePoint(rest.codePointAt(0)!);
    members.push(member);
    rest = rest.slice(member.length);
  }
  return members;
}

/** The runtime knows the grammar; a pattern is compiled when it is first used, and this one never is. */
function checkSyntax(pattern: string): void {
  try {
    new RegExp(pattern, "u");
  } catch {
    new RegExp(pattern); // as most documents have them, with escapes that say nothing
  }
}

function tokenAt(rest: string): PatternToken {
  const quantifier = QUANTIFIER.exec(rest)?.[0];
  if (quantifier !== undefined) return { kind: "quantifier", text: quantifier };
  if (rest[0] === "(") return { kind: "group", text: groupAt(rest) };
  if (rest[0] === "[") return { kind: "atom", text: classAt(rest) };
  if (rest[0] === "\\") {
    const text = escapeAt(rest);
    return { kind: text === "\\b" || text === "\\B" ? "boundary" : "atom", text };
  }
  const kinds: Record<string, PatternToken["kind"]> = { ")": "close", "|": "bar", "^": "start", "$": "end" };
  const text = String.fromCodePoint(rest.codePointAt(0)!);
  return { kind: kinds[text] ?? "atom", text };
}

function groupAt(rest: string): string {
  if (!rest.startsWith("(?")) return "(";
  if (rest.startsWith("(?:")) return "(?:";
  const named = /^\(\?<[A-Za-z_]\w*>/.exec(rest)?.[0];
  if (named !== undefined) return named;
  throw new SyntaxError(`${rest.slice(0, 4)} looks ahead or behind, which can take time without end`);
}

function classAt(rest: string): string {
  for (let at = 1; at < rest.length; at++) {
    if (rest[at] === "\\") at++;
    else if (rest[at] === "]") return rest.slice(0, at + 1);
  }
  throw new SyntaxError("a class has no end");
}

function escapeAt(rest: string): string {
  const text = LONG_ESCAPE.exec(rest)?.[0] ?? rest.slice(0, 1 + String.fromCodePoint(rest.codePointAt(1)!).length);
  if (/^\\[1-9k]/.test(text)) throw new SyntaxError(`${text} refers back, which can take time without end`);
  if (text.length === 2 && /[a-zA-Z]/.test(text[1]) && !/[dDwWsSbBnrtfv]/.test(text[1])) {
    throw new SyntaxError(`${text} is no escape that is known`);
  }
  return text;
}
