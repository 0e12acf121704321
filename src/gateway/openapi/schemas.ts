/**
 * The schemas that a document's operations use, in one dialect (JSON Schema 2020-12) and under names of ours. References
 * stay references, so that schemas may hold themselves; nothing of the document is an address by then.
 */

import { gatewayLimits } from "../limits.ts";
import type { OpenApiVersion } from "./check_document.ts";
import type { Json } from "./json.ts";
import type { Patterns } from "./linear_pattern.ts";
import type { References } from "./references.ts";
import { checkChains, type Link } from "./schema_chains.ts";
import type { SchemaContext, Use } from "./schema_context.ts";
import { writeSchema } from "./schema_writer.ts";
import { faultAt, type Place } from "./source_file.ts";

/** Schemas by name. */
export type Definitions = Readonly<Record<string, Json>>;

/** Collects schemas. */
export class Schemas implements SchemaContext {
  readonly references: References;
  readonly version: OpenApiVersion;
  readonly patterns: Patterns;
  readonly #names = new Map<string, string>();
  readonly #places: Place[] = [];
  readonly #written: Record<Use, Record<string, Json>> = { request: {}, answer: {} };
  /** Of schemas to others that look at the same value, in the uses. */
  readonly #links: Record<Use, Map<string, Link[]>> = { request: new Map(), answer: new Map() };
  namesInherited = false;

  constructor(references: References, version: OpenApiVersion, patterns: Patterns) {
    this.references = references;
    this.version = version;
    this.patterns = patterns;
  }

  /** Takes a schema in; gives its name. */
  add(place: Place): string {
    const key = `${place.file.path}#${JSON.stringify(place.steps)}`;
    let name = this.#names.get(key);
    if (name === undefined) {
      name = `s${this.#places.length}`;
      if (this.#places.length >= gatewayLimits.openapiSchemas) {
        throw faultAt(place, `the document has more than ${gatewayLimits.openapiSchemas} schemas`);
      }
      this.#names.set(key, name);
      this.#places.push(place);
    }
    return name;
  }

  /** Where a schema was taken from. */
  placeOf(name: string): Place {
    return this.#places[Number(name.slice(1))];
  }

  /**
   * Writes all that were taken in, and those that they refer to.
   *
   * @throws {Error} naming the place that can't be used
   */
  finish(): void {
    for (let index = 0; index < this.#places.length; index++) {
      for (const use of ["request", "answer"] as const) {
        const links: Link[] = [];
        this.#written[use][`s${index}`] = writeSchema(this, this.#places[index], use, links);
        this.#links[use].set(`s${index}`, links);
      }
    }
    for (const links of Object.values(this.#links)) checkChains(links);
  }

  /** What was written. */
  definitions(use: Use): Definitions {
    return this.#written[use];
  }
}
