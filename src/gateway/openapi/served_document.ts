/** A document as clients get it: whole in one file, and with the one server that it is served by. */

import type { OpenApiDocument } from "./document.ts";
import { isArray, isObject, type Json, member, textOf, toPointer } from "./json.ts";
import type { References } from "./references.ts";
import type { SourceFile } from "./source_file.ts";

/** Names of members that hold things by name, in which no name means anything. */
const MAPS = new Set([
  ...["paths", "webhooks", "pathItems", "schemas", "responses", "parameters", "examples", "requestBodies", "headers"],
  ...["securitySchemes", "links", "callbacks", "content", "variables", "mapping", "encoding", "scopes"],
  ...["properties", "patternProperties", "dependentSchemas", "$defs", "definitions"],
]);

/** Names of members that hold data. */
const DATA = new Set(["example", "default", "enum", "const", "value"]);

/** Where the other files of a document are in it. */
const FILES = "x-files";

/**
 * Writes a document.
 *
 * @param base path before those of the document
 */
export function servedDocument({ root, references }: OpenApiDocument, base: string): Json {
  const writer = new DocumentWriter(references);
  const written = writer.write(root, references.main) as Record<string, Json>;
  const files = writer.others();
  return {
    openapi: root.openapi,
    info: root.info,
    servers: [{ url: base === "" ? "/" : base }],
    ...written,
    ...Object.keys(files).length > 0 ? { [FILES]: files } : {},
  };
}

class DocumentWriter {
  readonly #references: References;

  constructor(references: References) {
    this.#references = references;
  }

  /** The other files. Some are read only now, for parts that no operation uses. */
  others(): Record<string, Json> {
    const files: Record<string, Json> = {};
    for (let index = 1; index < this.#references.files.length; index++) {
      const file = this.#references.files[index];
      files[this.#references.nameOf(file)] = this.write(file.root, file);
    }
    return files;
  }

  write(value: Json, file: SourceFile, isMap = false): Json {
    if (isArray(value)) return value.map((item) => this.write(item, file));
    if (!isObject(value)) return value;
    const members: [string, Json][] = [];
    for (const [name, inner] of Object.entries(value)) {
      if (!isMap && name === "servers" && isArray(inner)) continue;
      members.push([name, this.#member(name, inner, file, isMap)]);
    }
    return Object.fromEntries(members);
  }

  #member(name: string, value: Json, file: SourceFile, isMap: boolean): Json {
    if (isMap) {
      return typeof value === "string" && /[/#]/.test(value) ? this.#mapped(value, file) : this.write(value, file);
    }
    if (name === "$ref" && typeof value === "string") return this.#refer(value, file);
    if (DATA.has(name) || name === "examples" && isArray(value)) return value;
    return this.write(value, file, MAPS.has(name) && isObject(value));
  }

  /** What a discriminator's name stands for; other texts that are named lead to nothing, and stay. */
  #mapped(text: string, file: SourceFile): string {
    return /\s/.test(text) || URL.canParse(text) ? text : this.#refer(text, file);
  }

  #refer(ref: string, file: SourceFile): string {
    try {
      const target = this.#references.target({ file, steps: [], value: undefined }, ref);
      const others = target.file === this.#references.main ? [] : [FILES, this.#references.nameOf(target.file)];
      return `#${encodeURI(toPointer([...others, ...target.steps])).replaceAll("#", "%23").replaceAll("?", "%3F")}`;
    } catch {
      return ref; // of a part that is not used, or it would have been said before
    }
  }
}

/** Title and version, for people. */
export function titleOf({ root }: OpenApiDocument): { readonly title: string; readonly version: string } {
  const info = member(root, "info");
  return { title: textOf(info, "title") ?? "API", version: textOf(info, "version") ?? "" };
}
