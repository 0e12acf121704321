/** Regular expressions of ECMA-262 in the syntax of RE2, with the same meaning. */

import { classMembers, type PatternToken } from "./pattern_tokens.ts";

/** White space and line ends (ECMA-262 §22.2.2.9), as the inside of a class; RE2's `\s` has five of them. */
const SPACE = String.raw`\t-\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}`;
const NOT_SPACE = [
  String.raw`\x00-\x08\x0e-\x1f\x21-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e}`,
  String.raw`\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{fefe}\x{ff00}-\x{10ffff}`,
].join("");
/** What `.` takes. */
const NO_LINE_END = String.raw`[^\n\r\x{2028}\x{2029}]`;

/** Long names of general categories, for which RE2 has the short ones only. */
const CATEGORIES: Record<string, string> = {
  Letter: "L",
  Lowercase_Letter: "Ll",
  Uppercase_Letter: "Lu",
  Titlecase_Letter: "Lt",
  Modifier_Letter: "Lm",
  Other_Letter: "Lo",
  Mark: "M",
  Number: "N",
  Decimal_Number: "Nd",
  Punctuation: "P",
  Symbol: "S",
  Separator: "Z",
  Space_Separator: "Zs",
  Other: "C",
  Control: "Cc",
};

/** Writes an expression for RE2. */
export function toRe2(tokens: readonly PatternToken[]): string {
  return tokens.map(translate).join("");
}

function translate({ kind, text }: PatternToken): string {
  if (kind === "group") return text.startsWith("(?<") ? `(?P<${text.slice(3)}` : text;
  if (kind !== "atom") return text;
  if (text === ".") return NO_LINE_END;
  if (text.startsWith("[")) return translateClass(text);
  if (text.startsWith("\\")) return translateEscape(text, false);
  return literal(text);
}

function translateClass(text: string): string {
  const negated = text.startsWith("[^");
  const members = classMembers(text).map((member, index, all) => {
    if (member.startsWith("\\")) return translateEscape(member, true);
    // A dash between two sets, as in [\w-.], is one that only stands there.
    const isRange = member === "-" && index > 0 && index < all.length - 1 && !isSet(all[index - 1]) &&
      !isSet(all[index + 1]);
    return isRange ? "-" : literal(member);
  }).join("");
  if (members === "") return negated ? String.raw`[\x00-\x{10ffff}]` : String.raw`[^\x00-\x{10ffff}]`;
  return `[${negated ? "^" : ""}${members}]`;
}

function isSet(member: string): boolean {
  return /^\\[dDwWsSpP]/.test(member);
}

function translateEscape(text: string, inClass: boolean): string {
  const rest = text.slice(2);
  switch (text[1]) {
    case "s":
      return inClass ? SPACE : `[${SPACE}]`;
    case "S":
      return inClass ? NOT_SPACE : `[${NOT_SPACE}]`;
    case "d":
    case "D":
    case "w":
    case "W":
    case "n":
    case "r":
    case "t":
    case "f":
    case "v":
      return text;
    case "b":
      return String.raw`\x08`; // of a class: elsewhere it is a boundary
    case "0":
      return String.raw`\x00`;
    case "c":
      return codePoint(rest.charCodeAt(0) % 32);
    case "x":
      return codePoint(parseInt(rest, 16));
    case "u":
      return codePoint(unicodeEscape(rest));
    case "p":
    case "P":
      return `\\${text[1]}{${category(rest.slice(1, -1))}}`;
    default:
      return literal(text.slice(1));
  }
}

function unicodeEscape(rest: string): number {
  if (rest.startsWith("{")) return parseInt(rest.slice(1, -1), 16);
  const units = rest.split("\\u").map((unit) => parseInt(unit, 16));
  return String.fromCharCode(...units).codePointAt(0)!;
}

function category(name: string): string {
  const [key, value] = name.includes("=") ? name.split("=", 2) : ["", name];
  if (key === "Script" || key === "sc" || key === "Script_Extensions" || key === "scx") return value;
  return CATEGORIES[value] ?? value;
}

function codePoint(code: number): string {
  return `\\x{${code.toString(16)}}`;
}

/** A character that means itself. */
function literal(char: string): string {
  return /^[\p{L}\p{N}_ ]/u.test(char) || char.codePointAt(0)! > 127 ? char : codePoint(char.codePointAt(0)!);
}
