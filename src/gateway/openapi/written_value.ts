/** Values of the parts that a style makes of texts, and of the several names of a query that may belong to one value. */

import { coerce, setOwn } from "./coerce.ts";
import type { Pairs } from "./pairs.ts";
import { type Kind, type Parts, splitValue, type Style } from "./parameter_style.ts";
import type { Shape } from "./value_shape.ts";

/** What was found of a value: it is not there, it is, or what is there is not written as it has to be. */
export type Found =
  | undefined
  | { readonly value: unknown; readonly text?: string }
  | { readonly keyword: string; readonly problem: string };

/** How a value is written, and what it can be. */
export interface Written {
  readonly name: string;
  readonly style: Style;
  readonly explode: boolean;
  readonly shape: Shape;
}

/** Undoes the encoding of a part. */
export type Decode = (text: string) => string;

/** What a value is made of, by its schema. */
export function kindOf({ types }: Shape): Kind {
  return types.has("array") ? "array" : types.has("object") ? "object" : "primitive";
}

/** The value that one text stands for. */
export function valueOf(raw: string, written: Written, decode: Decode): Found {
  const parts = splitValue(raw, { ...written, kind: kindOf(written.shape) });
  if (!parts) return { keyword: "style", problem: `is not written in the style ${written.style}` };
  return assemble(parts, written.shape, decode);
}

/**
 * The value that a query holds.
 *
 * @param others names that belong to other values
 */
export function valueInPairs(pairs: Pairs, written: Written, decode: Decode, others: ReadonlySet<string>): Found {
  const { name, style, explode, shape } = written;
  const kind = kindOf(shape);
  if (style === "deepObject") return deepObject(pairs, name, shape, decode);
  if (style === "form" && explode && kind === "object") return exploded(pairs, shape, decode, others);
  const values = pairs.get(name);
  if (!values) return undefined;
  if (explode && kind === "array") return assemble({ kind, items: values }, shape, decode);
  if (values.length > 1) return { keyword: "style", problem: "is there more than once" };
  return valueOf(values[0], written, decode);
}

function assemble(parts: Parts, shape: Shape, decode: Decode): Found {
  if (parts.kind === "primitive") {
    const text = decode(parts.text);
    return { value: coerce(text, shape), text };
  }
  if (parts.kind === "array") {
    return { value: parts.items.map((item, index) => coerce(decode(item), shape.item(index))) };
  }
  const value: Record<string, unknown> = {};
  for (const [rawName, text] of parts.members) {
    const name = decode(rawName);
    setOwn(value, name, coerce(decode(text), shape.property(name)));
  }
  return { value };
}

/** `R=100&G=200`: the properties are parameters of their own; those that the schema doesn't know are its too, if it has none. */
function exploded(pairs: Pairs, shape: Shape, decode: Decode, others: ReadonlySet<string>): Found {
  const value: Record<string, unknown> = {};
  const names = shape.names.length > 0 ? shape.names : pairs.keys();
  let found = false;
  for (const name of names) {
    const values = others.has(name) ? undefined : pairs.get(name);
    if (!values) continue;
    found = true;
    setOwn(value, name, memberOf(values, shape.property(name), decode));
  }
  return found ? { value } : undefined;
}

/** `color[R]=100&color[G]=200`: one level, as no specification says what several are. */
function deepObject(pairs: Pairs, name: string, shape: Shape, decode: Decode): Found {
  const value: Record<string, unknown> = {};
  let found = false;
  for (const [given, values] of pairs) {
    if (!given.startsWith(`${name}[`)) continue;
    const inner = given.slice(name.length + 1, -1);
    if (!given.endsWith("]") || /[[\]]/.test(inner)) {
      return { keyword: "style", problem: "is not written in the style deepObject, which has one name in brackets" };
    }
    found = true;
    setOwn(value, inner, memberOf(values, shape.property(inner), decode));
  }
  return found ? { value } : undefined;
}

function memberOf(values: readonly string[], shape: Shape, decode: Decode): unknown {
  if (shape.types.has("array")) return values.map((text, index) => coerce(decode(text), shape.item(index)));
  const members = values.map((text) => coerce(decode(text), shape));
  return members.length === 1 ? members[0] : members;
}

/** How a style is written that nothing is said of (OpenAPI 3.1.1 §4.8.12.2). */
export function explodes(style: Style, explode: unknown): boolean {
  return typeof explode === "boolean" ? explode : style === "form";
}
