/** Properties that one direction hasn't: those that are read-only are not sent by clients, and write-only ones not to them. */

import { gatewayLimits } from "../limits.ts";
import { isArray, isObject, type JsonObject, member, textOf } from "./json.ts";
import type { References } from "./references.ts";
import type { Use } from "./schema_context.ts";
import { inside, type Place } from "./source_file.ts";

/** Whether the schema of a property says that a direction hasn't it. */
export function isHidden(references: References, property: Place, use: Use): boolean {
  const flag = use === "request" ? "readOnly" : "writeOnly";
  return isObject(property.value) &&
    (member(property.value, flag) === true || member(references.follow(property).value, flag) === true);
}

/** Names of those in a schema, and in what it is made of: the one may ask for what the other declares. */
export function hiddenIn(references: References, place: Place, use: Use): ReadonlySet<string> {
  const hidden = new Set<string>();
  if (!asksFor(place.value as JsonObject)) return hidden;
  const seen = new Set<unknown>();
  const look = (part: Place) => {
    if (!isObject(part.value) || seen.has(part.value) || seen.size > gatewayLimits.schemaExpansion) return;
    seen.add(part.value);
    const ref = textOf(part.value, "$ref");
    if (ref !== undefined) look(references.target(part, ref));
    const { properties, allOf } = part.value;
    for (const name of isObject(properties) ? Object.keys(properties) : []) {
      if (isHidden(references, inside(part, "properties", name), use)) hidden.add(name);
    }
    if (isArray(allOf)) allOf.forEach((_, index) => look(inside(part, "allOf", String(index))));
  };
  look(place);
  return hidden;
}

/** Whether a schema itself, or a part that stands in it, has required properties. */
function asksFor(schema: JsonObject): boolean {
  return isArray(schema.required) || isArray(schema.allOf);
}
