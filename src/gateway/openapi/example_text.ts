/** Texts that fit a schema's words on texts: its format, its pattern, its length. */

import { isObject, type JsonObject, textOf } from "./json.ts";
import { classMembers, type PatternToken, repeatsOf, tokensOf } from "./pattern_tokens.ts";

const BY_FORMAT: Readonly<Record<string, string>> = {
  date: "2026-01-31",
  time: "12:00:00Z",
  "date-time": "2026-01-31T12:00:00Z",
  duration: "P1D",
  email: "ada@example.com",
  hostname: "example.com",
  ipv4: "192.0.2.1",
  ipv6: "2001:db8::1",
  uuid: "123e4567-e89b-12d3-a456-426614174000",
  uri: "https://example.com/",
  url: "https://example.com/",
  "uri-reference": "/example",
  "uri-template": "/example/{id}",
  "json-pointer": "/example",
  "relative-json-pointer": "0/example",
  regex: "^example$",
  byte: "ZXhhbXBsZQ==",
};

/** Characters of an example at most. */
const CHARS_MAX = 1000;

/** Makes a text; it may miss what several words ask for together. */
export function exampleText(schema: JsonObject): string {
  const { pattern, minLength, maxLength } = schema;
  if (typeof pattern === "string") return fitting(pattern);
  const text = BY_FORMAT[textOf(schema, "format") ?? ""] ?? "example";
  const least = typeof minLength === "number" ? Math.min(minLength, CHARS_MAX) : 0;
  const most = typeof maxLength === "number" ? maxLength : Infinity;
  return text.padEnd(least, "x").slice(0, Math.min(most, CHARS_MAX));
}

function fitting(pattern: string): string {
  try {
    return new Fitting(tokensOf(pattern)).alternatives().slice(0, CHARS_MAX);
  } catch {
    return "example";
  }
}

/** Follows a pattern, along the first of all alternatives and with as few repetitions as can be. */
class Fitting {
  readonly #tokens: readonly PatternToken[];
  #at = 0;

  constructor(tokens: readonly PatternToken[]) {
    this.#tokens = tokens;
  }

  alternatives(): string {
    let first: string | undefined;
    let text = "";
    for (; this.#at < this.#tokens.length; this.#at++) {
      const token = this.#tokens[this.#at];
      if (token.kind === "close") break;
      if (token.kind === "bar") {
        first ??= text;
        text = "";
      } else if (text.length < CHARS_MAX) text += this.#piece(token);
      else this.#piece(token);
    }
    return first ?? text;
  }

  #piece({ kind, text }: PatternToken): string {
    let piece = "";
    if (kind === "group") {
      this.#at++;
      piece = this.alternatives();
    } else if (kind === "atom") piece = charOf(text);
    const next = this.#tokens[this.#at + 1];
    if (next?.kind !== "quantifier") return piece;
    this.#at++;
    return piece.repeat(Math.min(repeatsOf(next.text).min, CHARS_MAX));
  }
}

/** A character that an atom takes. */
function charOf(atom: string): string {
  const one = new RegExp(`^(?:${atom})$`, "u");
  const candidates = [
    "a",
    "A",
    "0",
    "1",
    "-",
    "_",
    " ",
    ".",
    "é",
    ...atom.startsWith("[") ? classMembers(atom) : [atom],
  ];
  return candidates.find((char) => one.test(char)) ?? atom.replace(/^\\/, "");
}

/** Whether a schema is one of texts. */
export function isOfTexts(schema: JsonObject): boolean {
  return isObject(schema) &&
    ["pattern", "minLength", "maxLength", "format"].some((name) => Object.hasOwn(schema, name));
}
