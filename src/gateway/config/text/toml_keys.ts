/** Where the keys of a TOML text stand, which its parser does not tell. The text is known to be valid. */

import { parse } from "smol-toml";
import type { Path } from "../fault.ts";
import { Positions } from "./positions.ts";

/** Notes the place of every key, table and item. */
export function tomlPositions(text: string): Positions {
  const scanner = new Scanner(text);
  scanner.scan();
  return scanner.positions;
}

/** One part of a dotted key. */
interface Part {
  readonly name: string;
  readonly offset: number;
}

class Scanner {
  readonly positions: Positions;
  readonly #text: string;
  #at = 0;
  /** How often an array of tables was continued, by its path. */
  readonly #counts = new Map<string, number>();

  constructor(text: string) {
    this.#text = text;
    this.positions = new Positions(text);
  }

  scan(): void {
    let table: Path = [];
    for (this.#skip(BLANK); this.#at < this.#text.length; this.#skip(BLANK)) {
      if (this.#text[this.#at] === "[") table = this.#header();
      else this.#entry(table);
    }
  }

  /** `[a.b]` or `[[a.b]]`. */
  #header(): Path {
    const brackets = this.#text.startsWith("[[", this.#at) ? 2 : 1;
    this.#at += brackets;
    const parts = this.#key();
    this.#at += brackets;
    return parts.reduce<Path>((path, { name, offset }, index) => {
      const table = [...path, name];
      this.positions.add(table, offset);
      const id = table.join("\0");
      if (brackets === 2 && index === parts.length - 1) this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
      const count = this.#counts.get(id);
      if (count === undefined) return table;
      // What follows belongs to the table that was added last.
      const item = [...table, count - 1];
      this.positions.add(item, offset);
      return item;
    }, []);
  }

  /** `a.b = value`. */
  #entry(table: Path): void {
    const path = this.#key().reduce<Path>((path, { name, offset }) => {
      const inner = [...path, name];
      this.positions.add(inner, offset);
      return inner;
    }, table);
    this.#at++; // the equals sign
    this.#skip(SPACES);
    this.#value(path);
  }

  #key(): Part[] {
    const parts: Part[] = [];
    do {
      if (parts.length > 0) this.#at++; // the dot
      this.#skip(SPACES);
      const offset = this.#at;
      const quoted = this.#text[offset] === '"' || this.#text[offset] === "'";
      if (quoted) this.#string();
      else this.#skip(BARE_KEY);
      const raw = this.#text.slice(offset, this.#at);
      parts.push({ name: quoted ? parse(`key = ${raw}`).key as string : raw, offset });
      this.#skip(SPACES);
    } while (this.#text[this.#at] === ".");
    return parts;
  }

  #value(path: Path): void {
    const first = this.#text[this.#at];
    if (first === "[") this.#items("]", (index) => this.#item([...path, index]));
    else if (first === "{") this.#items("}", () => this.#entry(path));
    else if (first === '"' || first === "'") this.#string();
    else this.#skip(PLAIN);
  }

  #item(path: Path): void {
    this.positions.add(path, this.#at);
    this.#value(path);
  }

  #items(end: string, read: (index: number) => void): void {
    this.#at++;
    this.#skip(SEPARATORS);
    for (let index = 0; this.#at < this.#text.length && this.#text[this.#at] !== end; index++) {
      read(index);
      this.#skip(SEPARATORS);
    }
    this.#at++;
  }

  #string(): void {
    const text = this.#text;
    const quote = text[this.#at];
    const isLong = text.startsWith(quote.repeat(3), this.#at);
    const end = isLong ? quote.repeat(3) : quote;
    this.#at += end.length;
    while (this.#at < text.length && !text.startsWith(end, this.#at)) {
      this.#at += quote === '"' && text[this.#at] === "\\" ? 2 : 1;
    }
    this.#at += end.length;
    // One of several lines may end with two quotes of its own.
    while (isLong && text[this.#at] === quote) this.#at++;
  }

  #skip(pattern: RegExp): void {
    pattern.lastIndex = this.#at;
    this.#at += pattern.exec(this.#text)?.[0].length ?? 0;
  }
}

const SPACES = /[ \t]*/y;
const BLANK = /(?:[ \t\r\n]+|#[^\n]*)*/y;
const SEPARATORS = /(?:[ \t\r\n,]+|#[^\n]*)*/y;
const BARE_KEY = /[\w-]+/y;
/** Numbers, dates and the like; a date may have a space inside. */
const PLAIN = /[^,\]}#\n]+/y;
