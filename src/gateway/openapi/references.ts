/**
 * What a `$ref` stands for: a place in the same file, or in a file beside or below the document. Nothing else is read: a
 * document that could name any file or URL would be a way to read what its author can't.
 */

import { dirname, join, relative, sep } from "node:path";
import { gatewayLimits } from "../limits.ts";
import { fromPointer, isArray, isObject, type Json, textOf } from "./json.ts";
import { NodeCount } from "./plain_tree.ts";
import { faultAt, inside, type Place, readSource, type SourceFile } from "./source_file.ts";

/** Files of a document, and the way between them. */
export class References {
  readonly main: SourceFile;
  readonly #folder: string;
  readonly #count = new NodeCount();
  readonly #files = new Map<string, SourceFile>();
  readonly #anchors = new Map<SourceFile, ReadonlyMap<string, readonly string[]>>();

  /**
   * @throws {Deno.errors.NotFound} when there is no such file
   * @throws {Error} when it can't be parsed
   */
  constructor(path: string) {
    const real = Deno.realPathSync(path);
    this.#folder = dirname(real);
    this.main = readSource(real, path, this.#count);
    this.#files.set(real, this.main);
  }

  /** Files that were read so far, the document first. */
  get files(): readonly SourceFile[] {
    return [...this.#files.values()];
  }

  /** Where a document's file is called from its own folder, with slashes. */
  nameOf(file: SourceFile): string {
    return relative(this.#folder, file.path).replaceAll(sep, "/");
  }

  /**
   * The place itself, or the one that its `$ref` leads to.
   *
   * @throws {Error} when it leads nowhere, or in a circle
   */
  follow(place: Place): Place {
    let at = place;
    for (let hops = 0; hops <= gatewayLimits.openapiRefHops; hops++) {
      const ref = textOf(at.value, "$ref");
      if (ref === undefined) return at;
      at = this.target(at, ref);
    }
    throw faultAt(place, "its $ref leads in a circle, or over too many others");
  }

  /**
   * The place that a `$ref` names.
   *
   * @param from where it stands
   */
  target(from: Place, ref: string): Place {
    const hash = ref.indexOf("#");
    const address = decode(from, hash === -1 ? ref : ref.slice(0, hash));
    const fragment = decode(from, hash === -1 ? "" : ref.slice(hash + 1));
    const root = this.#root(from, address);
    const steps = fromPointer(fragment);
    const target = steps ? inside(root, ...steps) : this.#named(root.file, `#${fragment}`);
    if (target?.value === undefined) throw faultAt(from, `its $ref ${JSON.stringify(ref)} leads to nothing`);
    return target;
  }

  /** What an address without a fragment names. */
  #root(from: Place, address: string): Place {
    const named = address === "" ? undefined : this.#named(from.file, address);
    if (named) return named;
    const file = address === "" ? from.file : this.#file(from, address);
    return { file, steps: [], value: file.root };
  }

  /** What bears a name in a file: an `$anchor`, or an `$id`. */
  #named(file: SourceFile, name: string): Place | undefined {
    let anchors = this.#anchors.get(file);
    if (!anchors) this.#anchors.set(file, anchors = namesIn(file.root));
    const steps = anchors.get(name);
    return steps && inside({ file, steps: [], value: file.root }, ...steps);
  }

  #file(from: Place, address: string): SourceFile {
    if (/^[a-z][a-z\d+.-]*:|^[/\\]/i.test(address)) {
      throw faultAt(from, `its $ref ${JSON.stringify(address)} is not beside the document: only such files are read`);
    }
    const wanted = join(dirname(from.file.path), address);
    let real: string;
    try {
      real = Deno.realPathSync(wanted);
    } catch (cause) {
      if (!(cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.NotADirectory)) throw cause;
      throw faultAt(from, `there is no file ${address}`);
    }
    if (!real.startsWith(this.#folder + sep)) {
      throw faultAt(from, `its $ref ${JSON.stringify(address)} leads out of the document's folder`);
    }
    const known = this.#files.get(real);
    if (known) return known;
    if (this.#files.size >= gatewayLimits.openapiFiles) {
      throw faultAt(from, `the document has more than ${gatewayLimits.openapiFiles} files`);
    }
    const file = readSource(real, join(dirname(this.main.name), relative(this.#folder, real)), this.#count);
    this.#files.set(real, file);
    return file;
  }
}

function decode(from: Place, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw faultAt(from, `its $ref is not valid percent-encoded UTF-8`);
  }
}

/** Names that hold data, in which nothing is a name of a schema. */
const DATA = new Set(["example", "examples", "default", "enum", "const"]);

/** All places that bear a name. */
function namesIn(root: Json): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, readonly string[]>();
  const walk = (value: Json, steps: readonly string[]) => {
    if (!isObject(value) && !isArray(value)) return;
    const [id, anchor] = [textOf(value, "$id"), textOf(value, "$anchor")];
    if (id !== undefined) names.set(id, steps);
    if (anchor !== undefined) names.set(`#${anchor}`, steps);
    for (const [name, inner] of Object.entries(value)) {
      if (!DATA.has(name)) walk(inner, [...steps, name]);
    }
  };
  walk(root, []);
  return names;
}
