/**
 * The discriminator: a property that says which of several schemas an object is of. Only that one is held against it then,
 * and only its violations are told.
 */

import { isArray, isObject, type Json, member, textOf } from "./json.ts";
import type { Referrer } from "./schema_context.ts";
import type { Reach } from "./schema_keywords.ts";
import { faultAt, inside, type Place } from "./source_file.ts";

/**
 * Takes a discriminator in.
 *
 * @param written the schema without it
 * @returns the same, unless it has alternatives that are all references: others have no names that the property could hold
 */
export function discriminated(
  writer: Referrer,
  place: Place,
  written: Record<string, Json>,
  reach: Reach,
): Record<string, Json> {
  const property = textOf(member(place.value, "discriminator"), "propertyName");
  const keyword = isArray(written.oneOf) ? "oneOf" : isArray(written.anyOf) ? "anyOf" : undefined;
  if (property === undefined || keyword === undefined) return written;
  if (property === "__proto__") throw faultAt(inside(place, "discriminator"), "no property may be called __proto__");
  const targets = targetsByName(writer, inside(place, keyword), inside(place, "discriminator"));
  if (!targets) return written;
  if (property in Object.prototype) writer.schemas.namesInherited = true;
  const { [keyword]: alternatives, allOf, ...rest } = written;
  const one = [...targets].map(([name, target]) => ({
    if: { properties: { [property]: { const: name } } },
    then: writer.referTo(target, place, reach),
  }));
  const named = { required: [property], properties: { [property]: { enum: [...targets.keys()] } } };
  const chosen = {
    if: { type: "object" },
    then: { ...named, allOf: one },
    else: { [keyword]: alternatives }, // such as null
  };
  return { ...rest, allOf: [...isArray(allOf) ? allOf : [], chosen] };
}

/** What the property may hold, and what it stands for then; undefined when an alternative has no name. */
function targetsByName(
  writer: Referrer,
  alternatives: Place,
  discriminator: Place,
): ReadonlyMap<string, Place> | undefined {
  const { references } = writer.schemas;
  const targets = new Map<string, Place>();
  for (const index of Object.keys(alternatives.value as readonly Json[])) {
    const alternative = inside(alternatives, index);
    const ref = textOf(alternative.value, "$ref");
    if (ref === undefined) return undefined;
    const target = references.target(alternative, ref);
    targets.set(target.steps.at(-1) ?? "", target);
  }
  const mapping = member(discriminator.value, "mapping");
  if (!isObject(mapping)) return targets;
  for (const [name, to] of Object.entries(mapping)) {
    const place = inside(discriminator, "mapping", name);
    if (typeof to !== "string") throw faultAt(place, "it is no reference");
    // What could be both is a name (OpenAPI 3.1.1 §4.8.25.4).
    const isName = /^[\w.-]+$/.test(to) && isSchema(references.main.root, to);
    targets.set(name, references.target(place, isName ? `#/components/schemas/${to}` : to));
  }
  return targets;
}

function isSchema(root: Json, name: string): boolean {
  return member(member(member(root, "components"), "schemas"), name) !== undefined;
}
