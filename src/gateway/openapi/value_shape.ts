/** What a schema lets a value be, as far as it has to be known to make one of a text. */

import { isArray, isObject, type Json, type JsonObject, member, textOf } from "./json.ts";
import type { Definitions } from "./schemas.ts";

/** Of a value. */
export interface Shape {
  /** Types of JSON Schema; none when the schema names none. */
  readonly types: ReadonlySet<string>;
  /** Names of the properties that the schema knows. */
  readonly names: readonly string[];
  /** The shape of a property; of one that is not known, that of all others. */
  property(name: string): Shape;
  /** The shape of an item. */
  item(index: number): Shape;
}

/** What nothing is known of. */
export const ANY_SHAPE: Shape = { types: new Set(), names: [], property: () => ANY_SHAPE, item: () => ANY_SHAPE };

/**
 * Finds the shape of a schema.
 *
 * @param definitions those that its references lead to
 */
export function shapeOf(definitions: Definitions, schema: Json | undefined): Shape {
  const parts = partsOf(definitions, schema);
  if (parts.length === 0) return ANY_SHAPE;
  const below = memoized((key: string) => {
    const [how, name] = [key[0], key.slice(1)];
    return shapeOf(definitions, firstOf(parts, (part) => how === "p" ? propertyOf(part, name) : itemOf(part, name)));
  });
  return {
    types: typesOf(parts),
    names: [...new Set(parts.flatMap(({ properties }) => isObject(properties) ? Object.keys(properties) : []))],
    property: (name) => below(`p${name}`),
    item: (index) => below(`i${index}`),
  };
}

/** A schema and all that look at the same value. */
function partsOf(definitions: Definitions, schema: Json | undefined): readonly JsonObject[] {
  const parts = new Set<JsonObject>();
  const collect = (part: Json | undefined) => {
    if (!isObject(part) || parts.has(part)) return;
    parts.add(part);
    const ref = textOf(part, "$ref");
    if (ref !== undefined) collect(definitions[ref.slice("#/$defs/".length)]);
    for (const keyword of ["allOf", "anyOf", "oneOf"]) {
      const parts = member(part, keyword);
      if (isArray(parts)) parts.forEach(collect);
    }
    for (const keyword of ["then", "else"]) collect(member(part, keyword));
  };
  collect(schema);
  return [...parts];
}

function typesOf(parts: readonly JsonObject[]): ReadonlySet<string> {
  const types = new Set<string>();
  for (const { type, enum: values, const: value, properties, items, additionalProperties } of parts) {
    if (typeof type === "string") types.add(type);
    else if (isArray(type)) type.forEach((one) => types.add(String(one)));
    else if (isArray(values)) values.forEach((one) => types.add(typeName(one)));
    else if (value !== undefined) types.add(typeName(value));
    else if (items !== undefined) types.add("array");
    else if (properties !== undefined || isObject(additionalProperties)) types.add("object");
  }
  return types;
}

function typeName(value: Json): string {
  if (value === null) return "null";
  return isArray(value) ? "array" : typeof value;
}

function propertyOf({ properties, additionalProperties }: JsonObject, name: string): Json | undefined {
  return member(properties, name) ?? (isObject(additionalProperties) ? additionalProperties : undefined);
}

function itemOf({ prefixItems, items }: JsonObject, index: string): Json | undefined {
  return member(prefixItems, index) ?? (isObject(items) ? items : undefined);
}

function firstOf(parts: readonly JsonObject[], find: (part: JsonObject) => Json | undefined): Json | undefined {
  for (const part of parts) {
    const found = find(part);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Shapes hold each other without end: each is made when it is asked for. The names that strangers send are not kept. */
function memoized(make: (key: string) => Shape): (key: string) => Shape {
  const made = new Map<string, Shape>();
  return (key) => {
    let shape = made.get(key);
    if (!shape) {
      shape = make(key);
      if (made.size < 1000) made.set(key, shape);
    }
    return shape;
  };
}
