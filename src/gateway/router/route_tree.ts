/**
 * A tree of path patterns. To look one up costs as much as the path has pieces, however many patterns there are. Of
 * several that match, what is literal comes before a parameter, and a parameter before the rest of a path, piece by piece.
 */

import type { Segment } from "./pattern.ts";

interface Node<T> {
  readonly literals: Map<string, Node<T>>;
  /** Literals by their lower case, made when it is first asked for: of those that share one, the first. */
  folded: Map<string, string> | undefined;
  parameter: Node<T> | undefined;
  /** What patterns lead to that end here, and those that end here with a rest. */
  end: T | undefined;
  rest: T | undefined;
}

/**
 * Judges what was found; undefined: look on.
 *
 * @param values what stands for the parameters, in order; to be read at once
 */
export type Accept<T, R> = (found: T, values: readonly string[]) => R | undefined;

/** One search: its place is told to each step. */
interface Search<T, R> {
  /** The pieces; those that are literals are put into the pattern's case where the search ignores it. */
  readonly path: string[];
  readonly values: string[];
  readonly accept: Accept<T, R>;
  readonly ignoreCase: boolean;
}

/** Patterns and what they lead to. Those that differ in the names of parameters alone lead to the same. */
export class RouteTree<T extends object> {
  readonly #root: Node<T> = makeNode();

  /** What a pattern leads to, made when it is new. */
  at(pattern: readonly Segment[], make: () => T): T {
    let node = this.#root;
    for (const segment of pattern) {
      if (segment.kind === "rest") return node.rest ??= make();
      node = segment.kind === "literal" ? childOf(node, segment.text) : node.parameter ??= makeNode();
    }
    return node.end ??= make();
  }

  /** Gives the first that is accepted, in the order of precedence. */
  find<R>(path: readonly string[], accept: Accept<T, R>): R | undefined {
    return walk(this.#root, 0, { path: path as string[], values: [], accept, ignoreCase: false });
  }

  /** The same for literals in whatever case; `accept` is given the path in the pattern's case too. */
  findInAnyCase<R>(
    path: readonly string[],
    accept: (found: T, values: readonly string[], spelled: readonly string[]) => R | undefined,
  ): R | undefined {
    const spelled = [...path];
    const judge: Accept<T, R> = (found, values) => accept(found, values, spelled);
    return walk(this.#root, 0, { path: spelled, values: [], accept: judge, ignoreCase: true });
  }
}

function walk<T, R>(node: Node<T>, at: number, search: Search<T, R>): R | undefined {
  const { path, values, accept } = search;
  if (at === path.length) return (node.end && accept(node.end, values)) ?? restFrom(node, at, search);
  const piece = path[at];
  const literal = node.literals.get(piece) ?? (search.ignoreCase ? foldedChild(node, at, path) : undefined);
  const found = literal && walk(literal, at + 1, search);
  if (found !== undefined) return found;
  if (search.ignoreCase) path[at] = piece;
  if (node.parameter && piece !== "") {
    values.push(piece);
    const found = walk(node.parameter, at + 1, search);
    if (found !== undefined) return found;
    values.pop();
  }
  return restFrom(node, at, search);
}

/**
 * What takes all that is left: nothing, too, and then the slash before it need not be there. A piece that is empty or holds a
 * slash is in no rest: who reads the rest as a path would reach what other routes guard, such as `/admin/x` by `admin%2Fx`.
 */
function restFrom<T, R>({ rest }: Node<T>, at: number, { path, values, accept }: Search<T, R>): R | undefined {
  if (rest === undefined) return undefined;
  const left = path.slice(at);
  const isPath = left.every((piece, index) => !piece.includes("/") && (piece !== "" || index === left.length - 1));
  return isPath ? accept(rest, [...values, left.join("/")]) : undefined;
}

function makeNode<T>(): Node<T> {
  return { literals: new Map(), folded: undefined, parameter: undefined, end: undefined, rest: undefined };
}

function childOf<T>(node: Node<T>, text: string): Node<T> {
  const child = node.literals.get(text) ?? makeNode<T>();
  node.literals.set(text, child);
  return child;
}

function foldedChild<T>(node: Node<T>, at: number, path: string[]): Node<T> | undefined {
  node.folded ??= new Map([...node.literals.keys()].reverse().map((text) => [text.toLowerCase(), text]));
  const text = node.folded.get(path[at].toLowerCase());
  if (text === undefined) return undefined;
  path[at] = text;
  return node.literals.get(text);
}
