/**
 * Values that fit a schema: its own examples, or what its keywords let be. Schemas that hold themselves end where they may;
 * what several keywords ask for together is not worked out, so whoever needs to know asks the schema's check.
 */

import { gatewayLimits } from "../limits.ts";
import type { ApiModel } from "./api_model.ts";
import { exampleText, isOfTexts } from "./example_text.ts";
import { isHidden } from "./hidden_properties.ts";
import { isArray, isObject, type Json, type JsonObject, member, textOf } from "./json.ts";
import type { MediaType } from "./media_types.ts";
import type { Use } from "./schema_context.ts";
import { inside, type Place } from "./source_file.ts";

/** What has a schema, and perhaps examples beside it; the schema's name is undefined when it has none. */
export type Exemplified = Pick<MediaType, "schema" | "place">;

/**
 * An example of a body or a parameter that fits its schema, if one was found; else the last that was tried.
 *
 * @returns undefined when there is none
 */
export function exampleOf(model: ApiModel, media: Exemplified, use: Use): Json | undefined {
  const candidates = candidatesFor(model, media, use);
  if (media.schema === undefined) return candidates[0];
  const check = model.checks.check(media.schema, use);
  return candidates.find((value) => check(value).length === 0) ?? candidates.at(-1);
}

/** The same for people: its schema, which would have to be compiled, is not asked whether it fits. */
export function exampleToRead(model: ApiModel, media: Exemplified, use: Use): Json | undefined {
  return candidatesFor(model, media, use)[0];
}

function candidatesFor(model: ApiModel, { schema, place }: Exemplified, use: Use): readonly Json[] {
  const given = [member(place.value, "example"), ...namedExamples(model, inside(place, "examples"))];
  const made = schema === undefined
    ? []
    : [true, false].map((own) => new ExampleMaker(model, use, own).make(model.schemas.placeOf(schema), 0));
  return [...given, ...made].filter((value) => value !== undefined);
}

function namedExamples(model: ApiModel, place: Place): readonly (Json | undefined)[] {
  const names = isObject(place.value) ? Object.keys(place.value) : [];
  return names.map((name) => member(model.references.follow(inside(place, name)).value, "value"));
}

/** Levels of an example: what is deeper is left out where it may be. */
const DEPTH_MAX = 12;

class ExampleMaker {
  readonly #model: ApiModel;
  readonly #use: Use;
  /** Take the schema's own examples. */
  readonly #own: boolean;
  /** Schemas that are being made. */
  readonly #open = new Set<unknown>();
  #left: number = gatewayLimits.exampleValues;

  constructor(model: ApiModel, use: Use, own: boolean) {
    this.#model = model;
    this.#use = use;
    this.#own = own;
  }

  /** A value; undefined when there is none that is not endless. */
  make(reference: Place, depth: number): Json | undefined {
    const place = this.#model.references.follow(reference);
    const schema = place.value;
    if (schema === true) return "example";
    if (!isObject(schema) || this.#open.has(schema) || depth > DEPTH_MAX || --this.#left < 0) return undefined;
    this.#open.add(schema);
    const value = this.#given(schema) ?? this.#made(place, schema, depth);
    this.#open.delete(schema);
    return value;
  }

  #given(schema: JsonObject): Json | undefined {
    const { example, examples, enum: values } = schema;
    const own = this.#own ? example ?? (isArray(examples) ? examples[0] : undefined) ?? schema.default : undefined;
    return own ?? schema.const ?? (isArray(values) ? values[0] : undefined);
  }

  #made(place: Place, schema: JsonObject, depth: number): Json | undefined {
    const parts = this.#parts(place, schema, depth);
    const type = typeOf(schema);
    if (type === "object" || parts.some(isObject)) {
      const made = this.#object(place, schema, depth);
      return made && Object.assign({}, ...parts.filter(isObject), made) as JsonObject;
    }
    if (type === undefined && parts.length > 0) return parts.at(-1);
    if (type === "array") return this.#array(place, schema, depth);
    if (type === "integer" || type === "number") return numberOf(schema, type);
    if (type === "boolean") return true;
    return type === "null" ? null : exampleText(schema);
  }

  /** Of `allOf` each, of `oneOf` and `anyOf` the first that can be made. */
  #parts(place: Place, schema: JsonObject, depth: number): readonly Json[] {
    const parts: Json[] = [];
    for (const keyword of ["allOf", "oneOf", "anyOf"] as const) {
      const alternatives = schema[keyword];
      if (!isArray(alternatives)) continue;
      for (const index of alternatives.keys()) {
        const part = this.make(inside(place, keyword, String(index)), depth + 1);
        if (part === undefined) continue;
        parts.push(part);
        if (keyword !== "allOf") break;
      }
    }
    const property = textOf(member(schema, "discriminator"), "propertyName");
    const name = property !== undefined && (schema.oneOf ?? schema.anyOf)
      ? this.#discriminated(place, schema)
      : undefined;
    return name === undefined ? parts : [...parts, { [property!]: name }];
  }

  /** What the discriminator says of the first alternative. */
  #discriminated(place: Place, schema: JsonObject): string | undefined {
    const alternative = inside(place, schema.oneOf ? "oneOf" : "anyOf", "0");
    const ref = textOf(alternative.value, "$ref");
    const mapping = member(member(schema, "discriminator"), "mapping");
    const mapped = isObject(mapping) ? Object.entries(mapping).find(([, to]) => to === ref)?.[0] : undefined;
    return mapped ?? ref?.split("/").at(-1);
  }

  /** Undefined when a property that must be there can't be made. */
  #object(place: Place, schema: JsonObject, depth: number): JsonObject | undefined {
    const required = new Set(isArray(schema.required) ? schema.required : []);
    const made: [string, Json][] = [];
    const names = isObject(schema.properties) ? Object.keys(schema.properties) : [];
    for (const name of names) {
      const property = inside(place, "properties", name);
      if (isHidden(this.#model.references, property, this.#use)) continue;
      const value = this.make(property, depth + 1);
      if (value !== undefined) made.push([name, value]);
      else if (required.has(name)) return undefined;
    }
    for (const name of required) {
      if (!names.includes(String(name)) && !schema.allOf) made.push([String(name), "example"]);
    }
    if (made.length === 0 && isObject(schema.additionalProperties)) {
      const value = this.make(inside(place, "additionalProperties"), depth + 1);
      if (value !== undefined) made.push(["example", value]);
    }
    return Object.fromEntries(made);
  }

  #array(place: Place, { prefixItems, minItems }: JsonObject, depth: number): readonly Json[] {
    const least = Math.min(typeof minItems === "number" ? minItems : 1, 100);
    const items: Json[] = [];
    for (const index of (isArray(prefixItems) ? prefixItems : []).keys()) {
      items.push(this.make(inside(place, "prefixItems", String(index)), depth + 1) ?? null);
    }
    const item = inside(place, "items");
    while (item.value !== undefined && item.value !== false && items.length < Math.max(least, 1)) {
      const value = this.make(item, depth + 1);
      if (value === undefined) break;
      items.push(value);
    }
    return items;
  }
}

function typeOf(schema: JsonObject): string | undefined {
  const { type } = schema;
  if (typeof type === "string") return type;
  if (isArray(type)) return String(type.find((one) => one !== "null") ?? "null");
  if (schema.properties ?? schema.required ?? schema.additionalProperties) return "object";
  if (schema.items ?? schema.prefixItems) return "array";
  if (schema.minimum !== undefined || schema.maximum !== undefined) return "number";
  return isOfTexts(schema) ? "string" : undefined;
}

function numberOf(schema: JsonObject, type: "integer" | "number"): number {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  const step = typeof multipleOf === "number" ? multipleOf : type === "integer" ? 1 : 0.5;
  const above = typeof exclusiveMinimum === "number" ? exclusiveMinimum : minimum;
  const below = typeof exclusiveMaximum === "number" ? exclusiveMaximum : maximum;
  if (typeof above === "number") {
    const first = Math.ceil(above / step) * step;
    return first === above && exclusiveMinimum !== undefined && exclusiveMinimum !== false ? first + step : first;
  }
  if (typeof below !== "number" || below >= 1) return step > 1 ? step : 1;
  const last = Math.floor(below / step) * step;
  return last === below && exclusiveMaximum !== undefined && exclusiveMaximum !== false ? last - step : last;
}
