/** Reads YAML, and JSON, whose places YAML's parser tells. */

import { type Document, isAlias, isMap, isScalar, isSeq, type ParsedNode, parseDocument, type YAMLSeq } from "yaml";
import { gatewayLimits } from "../../limits.ts";
import type { Path } from "../fault.ts";
import { type Parsed, type Problem, unreadable } from "./parsed.ts";
import { Positions } from "./positions.ts";

/** Tags that urocket's files have: a command as text, and as a list. */
const CUSTOM_TAGS = [
  { tag: "!ToSplit", resolve: (text: string): string => text },
  { tag: "!Splitted", collection: "seq", resolve: (list: unknown): YAMLSeq => list as YAMLSeq } as const,
];

/** Reads a text, or says why it is no YAML. */
export function parseYaml(text: string): Parsed {
  const positions = new Positions(text);
  const document = read(text, { merge: true, customTags: CUSTOM_TAGS });
  if (!document) return unreadable(positions, { line: 1, column: 1 }, "nests too deeply");
  // Most errors behind the first come of it.
  const complaint = document.errors.at(0) ?? document.warnings.at(0);
  if (complaint) {
    // The parser's own words advise its caller there.
    const reason = complaint.code === "MULTIPLE_DOCS" ? "a file has one document" : lowerFirst(complaint.message);
    return unreadable(positions, positions.at(complaint.pos[0]), `is no valid YAML: ${reason}`);
  }
  const index = new NodeIndex(positions);
  index.add(document.contents, []);
  const { problems } = index;
  if (problems.length > 0) return { data: undefined, positions, problems, tags: [] };
  try {
    const data = document.toJS({ maxAliasCount: gatewayLimits.configAliases });
    return { data, positions, problems, tags: index.tags };
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    return unreadable(positions, { line: 1, column: 1 }, "has aliases that multiply to more than a file may hold");
  }
}

/** Reads a text, or says why it is no JSON. */
export function parseJson(text: string): Parsed {
  const positions = new Positions(text);
  const document = read(text, { schema: "json" });
  const index = new NodeIndex(positions);
  if (document?.errors.length === 0) index.add(document.contents, []);
  try {
    const data = JSON.parse(text);
    return { data, positions, problems: index.problems, tags: [] };
  } catch (error) {
    const near = document?.errors.at(0)?.pos[0] ?? 0;
    // Behind the reason the message quotes the text around, which may have lines of its own.
    const reason = lowerFirst((error as Error).message.replace(/, (\.\.\.)?"[^]*$/, ""));
    return unreadable(positions, positions.at(near), `is no valid JSON: ${reason}`);
  }
}

/** Undefined for what nests deeper than the parser can go. */
function read(text: string, options: Parameters<typeof parseDocument>[1]): Document.Parsed | undefined {
  try {
    // Keys that are there twice are found by ourselves, who can name them.
    return parseDocument(text, { ...options, uniqueKeys: false, prettyErrors: false, logLevel: "error" });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Places of nodes, and what is wrong with them. */
class NodeIndex {
  readonly problems: Problem[] = [];
  readonly tags: { readonly path: Path; readonly tag: string }[] = [];
  readonly #positions: Positions;
  readonly #anchors = new Set<string>();

  constructor(positions: Positions) {
    this.#positions = positions;
  }

  add(node: ParsedNode | null, path: Path): void {
    if (isAlias(node)) {
      // What it stands for is not walked through again, which would take for ever where aliases multiply.
      if (!this.#anchors.has(node.source)) this.#refuse(path, node.range[0], `is an alias of nothing: *${node.source}`);
      return;
    }
    if (node?.anchor) this.#anchors.add(node.anchor);
    if (node?.tag && /^!(?!!)/.test(node.tag)) this.tags.push({ path, tag: node.tag });
    if (isMap(node)) { for (const { key, value } of node.items) this.#addPair(key as ParsedNode, value, path); }
    if (isSeq(node)) {
      node.items.forEach((item, index) => {
        const inner = [...path, index];
        this.#positions.add(inner, (item as ParsedNode).range[0]);
        this.add(item as ParsedNode, inner);
      });
    }
  }

  #addPair(key: ParsedNode, value: unknown, around: Path): void {
    const offset = key.range[0];
    if (!isScalar(key)) return this.#refuse(around, offset, "has a key that is no text");
    const path = [...around, String(key.value)];
    if (!this.#positions.add(path, offset)) {
      this.#refuse(path, offset, `is here for the second time: the first is on line ${this.#positions.of(path).line}`);
    }
    this.add(value as ParsedNode | null, path);
  }

  #refuse(path: Path, offset: number, message: string): void {
    this.problems.push({ position: this.#positions.at(offset), path, message });
  }
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
