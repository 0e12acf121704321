/** Patterns of paths: `/orders/:id`, `/pet/{petId}`, `/files/*rest`. */

/** What one piece of a path, between slashes, has to be. */
export type Segment =
  | { readonly kind: "literal"; readonly text: string }
  /** Any, but for an empty one. */
  | { readonly kind: "parameter"; readonly name: string }
  /** All that is left, which may be nothing. */
  | { readonly kind: "rest"; readonly name: string };

const NAME = /^[A-Za-z_]\w*$/;

/**
 * Takes a pattern apart.
 *
 * @throws {TypeError} naming what is wrong with it
 */
export function parsePattern(pattern: string): readonly Segment[] {
  const refuse = (why: string) => new TypeError(`Cannot route ${JSON.stringify(pattern)}: ${why}`);
  if (!pattern.startsWith("/")) throw refuse("a path begins with a slash");
  const segments = pattern.slice(1).split("/").map((text) => parseSegment(text));
  const names = new Set<string>();
  segments.forEach((segment, index) => {
    if (segment.kind === "literal") {
      if (segment.text === "." || segment.text === "..") throw refuse(`no path has a piece ${segment.text}`);
      if (segment.text.includes("%")) {
        throw refuse(`${segment.text} is matched decoded: write the characters themselves`);
      }
      if (/[:{}*?#\\\p{Cc}]/u.test(segment.text)) {
        throw refuse(`${segment.text} is neither plain text nor :name, {name} or *name`);
      }
      return;
    }
    if (!NAME.test(segment.name)) throw refuse(`${JSON.stringify(segment.name)} is no name of a parameter`);
    if (segment.name === "__proto__") throw refuse("no parameter may be called __proto__");
    if (names.has(segment.name)) throw refuse(`the parameter ${segment.name} stands in it twice`);
    names.add(segment.name);
    if (segment.kind === "rest" && index < segments.length - 1) throw refuse(`*${segment.name} is not its end`);
  });
  return segments;
}

function parseSegment(text: string): Segment {
  if (text.startsWith(":")) return { kind: "parameter", name: text.slice(1) };
  if (text.startsWith("{") && text.endsWith("}")) return { kind: "parameter", name: text.slice(1, -1) };
  if (text.startsWith("*")) return { kind: "rest", name: text.slice(1) };
  return { kind: "literal", text };
}
