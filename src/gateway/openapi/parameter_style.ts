/**
 * How parameters are written (OpenAPI 3.1.1 §4.8.12.2, after RFC 6570): what a style makes of a text. Parts are taken
 * apart before they are decoded, so that an encoded comma belongs to its part.
 */

/** The styles of parameters; `deepObject` and exploded ones of queries have names of their own, see query_parameter.ts. */
export type Style = "simple" | "label" | "matrix" | "form" | "spaceDelimited" | "pipeDelimited" | "deepObject";

/** What a value is made of. */
export type Kind = "primitive" | "array" | "object";

/** Parts of a value, still as they were sent. */
export type Parts =
  | { readonly kind: "primitive"; readonly text: string }
  | { readonly kind: "array"; readonly items: readonly string[] }
  | { readonly kind: "object"; readonly members: readonly (readonly [name: string, text: string])[] };

/** How one is written. */
export interface Writing {
  readonly name: string;
  readonly style: Style;
  readonly explode: boolean;
  readonly kind: Kind;
}

/** Takes apart what stands for a value in a path, a header field, or behind one name; undefined when it is not so written. */
export function splitValue(raw: string, { name, style, explode, kind }: Writing): Parts | undefined {
  switch (style) {
    case "label":
      return raw.startsWith(".") ? split(raw.slice(1), kind, explode, explode ? "." : ",") : undefined;
    case "matrix":
      return splitMatrix(raw, name, kind, explode);
    case "spaceDelimited":
      return split(raw.replace(/\+|%20/g, " "), kind, false, " ");
    case "pipeDelimited":
      return split(raw.replace(/%7c/gi, "|"), kind, false, "|");
    default:
      return split(raw, kind, explode && style === "simple", ",");
  }
}

function split(raw: string, kind: Kind, explode: boolean, separator: string): Parts | undefined {
  if (kind === "primitive") return { kind, text: raw };
  const parts = raw.split(separator);
  return kind === "array" ? { kind, items: parts } : toObject(parts, explode);
}

/** `;color=blue`, `;color=blue,black`, `;color=blue;color=black`, `;R=100;G=200`; an empty value has no `=`. */
function splitMatrix(raw: string, name: string, kind: Kind, explode: boolean): Parts | undefined {
  if (!raw.startsWith(";")) return undefined;
  const pairs = raw.slice(1).split(";").map(pair);
  if (explode && kind === "object") return { kind, members: pairs };
  if (pairs.some(([given]) => given !== name)) return undefined;
  if (explode && kind === "array") return { kind, items: pairs.map(([, text]) => text) };
  return pairs.length === 1 ? split(pairs[0][1], kind, false, ",") : undefined;
}

function toObject(parts: readonly string[], explode: boolean): Parts | undefined {
  if (explode) {
    const members = parts.map(pair);
    return parts.every((part) => part.includes("=")) ? { kind: "object", members } : undefined;
  }
  if (parts.length % 2 === 1) return undefined;
  const members: [string, string][] = [];
  for (let at = 0; at < parts.length; at += 2) members.push([parts[at], parts[at + 1]]);
  return { kind: "object", members };
}

/** A name and what stands behind its `=`. */
export function pair(text: string): readonly [string, string] {
  const equals = text.indexOf("=");
  return equals === -1 ? [text, ""] : [text.slice(0, equals), text.slice(equals + 1)];
}
