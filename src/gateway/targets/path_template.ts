/**
 * Paths that are made of the parameters of a request's path: `/new/:name/{x}.html?of={y}`, `/v2/*rest`. What stands for a
 * parameter can neither leave its place nor lead to another host.
 */

import { HttpError } from "../../errors.ts";
import type { RequestInfo } from "../../http/handler.ts";

/** Parameters of a path, decoded. */
export type Params = NonNullable<RequestInfo["params"]>;

/** Makes a path. */
export interface PathTemplate {
  /** @throws {HttpError} 400 for a parameter that would lead up in the path */
  (params: Params | undefined): string;
  /** Parameters that it takes. */
  readonly names: readonly string[];
  /** It says what the query is; else the request's is kept. */
  readonly hasQuery: boolean;
}

/** Text as it is, or a parameter. */
type Piece = string | { readonly name: string; readonly isRest: boolean };

/** `{name}` anywhere; `:name` and `*name` as whole pieces of the path. */
const PARAMETER = /\{(\w+)\}|(?<=\/):(\w+)(?=[/?#]|$)|(?<=\/)\*(\w+)(?=[?#]|$)/g;

/**
 * Compiles one.
 *
 * @param template a path with or without a query, that begins with one slash
 * @throws {TypeError} naming what is wrong with it
 */
export function pathTemplate(template: string): PathTemplate {
  const refuse = (why: string) => new TypeError(`Cannot make a path of ${JSON.stringify(template)}: ${why}`);
  if (!/^\/(?![/\\])/.test(template)) throw refuse("it has to begin with one slash");
  if (/\p{Cc}/u.test(template) || !template.isWellFormed()) throw refuse("it has characters that no path has");
  const pieces = parse(template);
  const loose = pieces.find((piece) => typeof piece === "string" && /[{}]|\/[:*]/.test(piece.split(/[?#]/, 1)[0]));
  if (loose !== undefined) throw refuse(`${loose} is neither plain text nor :name, {name} or *name`);
  const names = pieces.flatMap((piece) => typeof piece === "string" ? [] : [piece.name]);
  // Each piece in turn: what a parameter stands for is never looked at as a template again.
  const make = (params: Params = {}) => {
    const path = pieces.map((piece) =>
      typeof piece === "string" ? piece : encode(params[piece.name] ?? "", piece.isRest)
    );
    return path.join("").replace(/^\/{2,}/, "/"); // two at the begin would be a host
  };
  return Object.assign(make, { names, hasQuery: template.split("#", 1)[0].includes("?") });
}

/** A path with the query of a request, where the template has none. */
export function withQueryOf(url: string, path: string, { hasQuery }: PathTemplate): string {
  const at = hasQuery ? -1 : url.indexOf("?");
  if (at === -1) return path;
  const [query] = url.slice(at).split("#", 1);
  const hash = path.indexOf("#");
  return hash === -1 ? path + query : path.slice(0, hash) + query + path.slice(hash);
}

function parse(template: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const match of template.matchAll(PARAMETER)) {
    pieces.push(literal(template.slice(at, match.index)));
    pieces.push({ name: match[1] ?? match[2] ?? match[3], isRest: match[3] !== undefined });
    at = match.index + match[0].length;
  }
  pieces.push(literal(template.slice(at)));
  return pieces;
}

/** Text of the operator's, as a URL has it; what is encoded already stays. */
function literal(text: string): string {
  return text.replace(/[^\x21-\x7e]+|["<>\\^`|]/gu, encodeURIComponent);
}

/** Encodes a parameter; of the rest of a path, each piece, because its slashes are the path's. */
function encode(value: string, isRest: boolean): string {
  if (/(?:^|[/\\])\.\.?(?:[/\\]|$)/.test(value)) throw new HttpError(400, "The path leads out of itself");
  return isRest ? value.split("/").map(encodeURIComponent).join("/") : encodeURIComponent(value);
}
