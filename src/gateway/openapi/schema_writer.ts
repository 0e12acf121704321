/** One schema of a document, written anew: only keywords that are known are taken, so that nothing else means anything. */

import { discriminated } from "./discriminator.ts";
import { KNOWN_FORMATS } from "./formats.ts";
import { hiddenIn, isHidden } from "./hidden_properties.ts";
import { isArray, isObject, type Json, type JsonObject, textOf } from "./json.ts";
import type { Link } from "./schema_chains.ts";
import type { Referrer, SchemaContext, Use } from "./schema_context.ts";
import {
  isKnown,
  MANY_SCHEMAS,
  NAMED_SCHEMAS,
  ONE_SCHEMA,
  type Reach,
  REPEATED,
  UNSUPPORTED,
  VALUE_KEYWORDS,
} from "./schema_keywords.ts";
import { faultAt, inside, type Place } from "./source_file.ts";

/** What a schema with references costs beside what its keywords do, in units of `Effort`. */
const SCHEMA_EFFORT = 256;
/** What one item costs of those of which only some have to fit: the misfits' errors are copied again and again. */
const CONTAINED_EFFORT = 4096;

/**
 * Writes a schema.
 *
 * @param links gets what leads to schemas that look at the same value
 * @throws {Error} naming a place that can't be used
 */
export function writeSchema(schemas: SchemaContext, place: Place, use: Use, links: Link[]): Json {
  const writer = new SchemaWriter(schemas, use, links);
  const written = writer.write(place, "same", new Set());
  return writer.refers && isObject(written) ? { effort: SCHEMA_EFFORT, ...written } : written;
}

/** Writes one schema and those that stand in it. */
class SchemaWriter implements Referrer {
  readonly schemas: SchemaContext;
  readonly #use: Use;
  readonly #links: Link[];
  /** It holds a reference. */
  refers = false;

  constructor(schemas: SchemaContext, use: Use, links: Link[]) {
    this.schemas = schemas;
    this.#use = use;
    this.#links = links;
  }

  /**
   * @param reach what it looks at, seen from the outermost
   * @param hidden properties that this direction hasn't, of what is around it
   */
  write(place: Place, reach: Reach, hidden: ReadonlySet<string>): Json {
    const { value } = place;
    if (typeof value === "boolean") return value;
    if (!isObject(value)) throw faultAt(place, "it is no schema");
    for (const keyword of UNSUPPORTED) {
      if (Object.hasOwn(value, keyword)) throw faultAt(inside(place, keyword), "it is not carried out");
    }
    const ref = textOf(value, "$ref");
    // In 3.0 a reference stands for all, whatever is beside it.
    if (ref !== undefined && this.schemas.version === "3.0") return this.refer(place, ref, reach);
    const around = new Set([...hidden, ...hiddenIn(this.schemas.references, place, this.#use)]);
    const written: Record<string, Json> = ref === undefined ? {} : { ...this.refer(place, ref, reach) };
    for (const keyword of Object.keys(value)) {
      if (keyword !== "$ref") this.#keyword(written, inside(place, keyword), keyword, reach, around);
    }
    if (this.schemas.version === "3.0") widen(written, value);
    return discriminated(this, place, written, reach);
  }

  /** A reference to a schema that has a name by then. */
  refer(place: Place, ref: string, reach: Reach): JsonObject {
    return this.referTo(this.schemas.references.target(place, ref), place, reach);
  }

  /** A reference to a schema whose place is known. */
  referTo(target: Place, from: Place, reach: Reach): JsonObject {
    const to = this.schemas.add(target);
    this.refers = true;
    if (reach === "same") this.#links.push({ to, place: from });
    return { $ref: `#/$defs/${to}` };
  }

  #keyword(
    written: Record<string, Json>,
    place: Place,
    keyword: string,
    reach: Reach,
    hidden: ReadonlySet<string>,
  ): void {
    if (!isKnown(keyword, this.schemas.version)) return;
    const has = (table: Readonly<Record<string, unknown>>) => Object.hasOwn(table, keyword);
    const further = (inner: Reach): Reach => inner === "same" ? reach : "inner";
    const below = (inner: Reach) => inner === "same" ? hidden : new Set<string>();
    if (has(VALUE_KEYWORDS)) {
      const value = this.#value(place, keyword, hidden);
      if (value !== undefined) written[keyword] = value;
    } else if (has(ONE_SCHEMA)) {
      const inner = ONE_SCHEMA[keyword];
      written[keyword] = this.#repeated(keyword, this.write(place, further(inner), below(inner)));
    } else if (has(MANY_SCHEMAS)) {
      const inner = MANY_SCHEMAS[keyword];
      if (!isArray(place.value) || place.value.length === 0) throw faultAt(place, "it is no list of schemas");
      written[keyword] = place.value.map((_, index) =>
        this.write(inside(place, String(index)), further(inner), below(inner))
      );
    } else if (has(NAMED_SCHEMAS)) {
      const inner = NAMED_SCHEMAS[keyword];
      if (!isObject(place.value)) throw faultAt(place, "it has no schemas by name");
      const named: Record<string, Json> = {};
      for (const name of Object.keys(place.value)) {
        if (keyword === "patternProperties") this.#checkPattern(inside(place, name), name);
        else this.#checkName(inside(place, name), name);
        named[name] = this.#named(inside(place, name), keyword, further(inner), below(inner));
      }
      written[keyword] = named;
    }
  }

  #named(place: Place, keyword: string, reach: Reach, hidden: ReadonlySet<string>): Json {
    // What this direction hasn't is refused when it comes.
    const why = keyword === "properties" && isHidden(this.schemas.references, place, this.#use);
    if (why) return { refused: this.#use === "request" ? "readOnly" : "writeOnly" };
    return this.#repeated(keyword, this.write(place, reach, hidden));
  }

  /** The value of a keyword; undefined where it says nothing. */
  #value(place: Place, keyword: string, hidden: ReadonlySet<string>): Json | undefined {
    const value = place.value!;
    if (!VALUE_KEYWORDS[keyword](value)) throw faultAt(place, `${JSON.stringify(value)} is no value of ${keyword}`);
    if (keyword === "format") return KNOWN_FORMATS.has(value as string) ? value : undefined;
    if (keyword === "pattern") this.#checkPattern(place, value as string);
    if (keyword === "uniqueItems") return value ? true : undefined;
    if (keyword === "dependentRequired") {
      for (const name of Object.keys(value as JsonObject)) this.#checkName(place, name);
    }
    if (keyword !== "required") return value;
    for (const name of value as string[]) this.#checkName(place, name);
    return [...new Set(value as string[])].filter((name) => !hidden.has(name));
  }

  /** What is used for any number of members counts them, so that one that fails for each ends early. */
  #repeated(keyword: string, written: Json): Json {
    if (keyword === "contains" && isObject(written)) return { effort: CONTAINED_EFFORT, ...written };
    if (!REPEATED.has(keyword)) return written;
    if (written === false && /Properties$/.test(keyword)) return { bound: true, refused: keyword };
    return isObject(written) && Object.keys(written).length > 0 ? { bound: true, ...written } : written;
  }

  #checkPattern(place: Place, pattern: string): void {
    try {
      this.schemas.patterns.compile(pattern);
    } catch (cause) {
      throw faultAt(place, `the pattern ${JSON.stringify(pattern.slice(0, 80))} can't be used: ${reason(cause)}`);
    }
  }

  #checkName(place: Place, name: string): void {
    if (name === "__proto__") throw faultAt(place, "no property may be called __proto__");
    if (name in Object.prototype) this.schemas.namesInherited = true;
  }
}

/** What OpenAPI 3.0 says in other words. */
function widen(written: Record<string, Json>, schema: JsonObject): void {
  if (schema.nullable === true && typeof written.type === "string") written.type = [written.type, "null"];
  for (const [flag, bound] of [["exclusiveMinimum", "minimum"], ["exclusiveMaximum", "maximum"]]) {
    if (schema[flag] !== true || written[bound] === undefined) continue;
    written[flag] = written[bound];
    delete written[bound];
  }
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
