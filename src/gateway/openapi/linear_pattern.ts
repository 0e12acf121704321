/**
 * Regular expressions that take time in proportion to the text, whatever both are: a pattern of a document meets texts of
 * strangers, and the runtime's own engine can be kept busy for years by a few characters. It is used where the form of a
 * pattern proves that it can't be; all others run on RE2's algorithms, at about a microsecond a text.
 */

import { RE2JS } from "re2js";
import { gatewayLimits } from "../limits.ts";
import type { Effort } from "./effort.ts";
import { type PatternToken, repeatsOf, tokensOf } from "./pattern_tokens.ts";
import { toRe2 } from "./to_re2.ts";

/** Tells whether a text holds what an expression describes. */
export interface Pattern {
  test(text: string): boolean;
}

/** Compiles patterns, each once. */
export class Patterns {
  readonly #effort: Effort;
  readonly #known = new Map<string, Pattern>();
  #sizeLeft: number = gatewayLimits.patternSizeInAll;

  /** @param effort what the tests of patterns that aren't harmless are taken from */
  constructor(effort: Effort) {
    this.#effort = effort;
  }

  /**
   * Compiles one.
   *
   * @throws {SyntaxError} when it is no pattern, one that only an engine with unbounded time can run, or too large
   */
  compile(source: string): Pattern {
    let pattern = this.#known.get(source);
    if (!pattern) this.#known.set(source, pattern = this.#compile(source));
    return pattern;
  }

  #compile(source: string): Pattern {
    if (source.length > gatewayLimits.patternChars) {
      throw new SyntaxError(`a pattern has at most ${gatewayLimits.patternChars} characters`);
    }
    const tokens = tokensOf(source);
    const native = isHarmless(tokens) ? nativeOf(source) : undefined;
    const compiled = native ?? this.#re2(tokens);
    return { test: (text) => compiled.test(text), toString: () => `/${source}/` } as Pattern;
  }

  #re2(tokens: readonly PatternToken[]): Pattern {
    if (sizeOf(tokens) > gatewayLimits.patternSize) throw new SyntaxError("it repeats too much");
    const compiled = RE2JS.compile(toRe2(tokens));
    const size = compiled.programSize();
    this.#sizeLeft -= size;
    if (size > gatewayLimits.patternSize || this.#sizeLeft < 0) throw new SyntaxError("it repeats too much");
    return {
      test: (text) => {
        this.#effort.spend(text.length * size);
        return compiled.test(text);
      },
    };
  }
}

/** About how many instructions a pattern has: to compile too many takes seconds. */
function sizeOf(tokens: readonly PatternToken[]): number {
  const open = [0]; // the pattern, and the groups that have begun in it
  let last = 0;
  for (const { kind, text } of tokens) {
    if (kind === "group") {
      open.push(0);
      continue;
    }
    if (kind === "quantifier") {
      const { min, max } = repeatsOf(text);
      last *= (max === Infinity ? Math.max(min, 1) : max) - 1; // one of them was counted
    } else last = kind === "close" ? open.pop()! : 1;
    open[open.length - 1] += last;
  }
  return open[0];
}

function nativeOf(source: string): Pattern | undefined {
  try {
    return new RegExp(source, "u");
  } catch {
    return undefined;
  }
}

/** Characters behind a repetition that are compared again for each of its lengths, or at each place of the text. */
const TAIL_MAX = 64;
/** Repetitions with an end, in all: the runtime's engine unrolls them, which can be more than its stack holds. */
const REPEATS_MAX = 10_000;

/**
 * A row of single characters of which one at most may come in different numbers: it is given back one by one, and what
 * follows has a length that is bounded. Without `^` it would be tried at every place, so there none may.
 */
export function isHarmless(tokens: readonly PatternToken[]): boolean {
  const anchored = tokens[0]?.kind === "start";
  const row = tokens.slice(anchored ? 1 : 0, tokens.at(-1)?.kind === "end" ? -1 : undefined);
  let variable = false;
  let [tail, repeats] = [0, 0];
  for (let at = 0; at < row.length; at++) {
    if (row[at].kind !== "atom") return false;
    const next = row[at + 1];
    const { min, max } = next?.kind === "quantifier" ? repeatsOf(next.text) : { min: 1, max: 1 };
    if (next?.kind === "quantifier") at++;
    repeats += max === Infinity ? min : max;
    if (repeats > REPEATS_MAX) return false;
    if (min !== max) {
      if (variable || !anchored) return false;
      variable = true;
      tail = 0;
    } else tail += max;
  }
  return tail <= TAIL_MAX || anchored && !variable;
}
