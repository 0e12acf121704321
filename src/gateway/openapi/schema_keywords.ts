/** What stands in a schema: which keywords are taken over, what their values have to be, and where schemas are in them. */

import { isArray, isObject, type Json } from "./json.ts";
import type { OpenApiVersion } from "./check_document.ts";

const isNumber = (value: Json) => typeof value === "number";
const isCount = (value: Json) => typeof value === "number" && Number.isInteger(value) && value >= 0;
const isText = (value: Json) => typeof value === "string";
const isTexts = (value: Json) => isArray(value) && value.every(isText);
const isFlag = (value: Json) => typeof value === "boolean";

const TYPES = ["null", "boolean", "object", "array", "number", "string", "integer"];
const isType = (value: Json) => typeof value === "string" && TYPES.includes(value);

/** Keywords whose value is data, and what it has to be. */
export const VALUE_KEYWORDS: Readonly<Record<string, (value: Json) => boolean>> = {
  type: (value) => isType(value) || isArray(value) && value.length > 0 && value.every(isType),
  enum: isArray,
  const: () => true,
  multipleOf: (value) => typeof value === "number" && value > 0,
  maximum: isNumber,
  minimum: isNumber,
  exclusiveMaximum: isNumber,
  exclusiveMinimum: isNumber,
  maxLength: isCount,
  minLength: isCount,
  pattern: isText,
  format: isText,
  maxItems: isCount,
  minItems: isCount,
  uniqueItems: isFlag,
  maxContains: isCount,
  minContains: isCount,
  maxProperties: isCount,
  minProperties: isCount,
  required: isTexts,
  dependentRequired: (value) => isObject(value) && Object.values(value).every(isTexts),
};

/** What a keyword's schemas look at: the value that the schema itself looks at, or what is in it. */
export type Reach = "same" | "inner";

/** Keywords with one schema. */
export const ONE_SCHEMA: Readonly<Record<string, Reach>> = {
  not: "same",
  if: "same",
  then: "same",
  else: "same",
  items: "inner",
  contains: "inner",
  additionalProperties: "inner",
  propertyNames: "inner",
  unevaluatedItems: "inner",
  unevaluatedProperties: "inner",
};

/** Keywords with a list of schemas. */
export const MANY_SCHEMAS: Readonly<Record<string, Reach>> = {
  allOf: "same",
  anyOf: "same",
  oneOf: "same",
  prefixItems: "inner",
};

/** Keywords with schemas by name. */
export const NAMED_SCHEMAS: Readonly<Record<string, Reach>> = {
  properties: "inner",
  patternProperties: "inner",
  dependentSchemas: "same",
};

/** Keywords whose schemas are used for any number of members. */
export const REPEATED: ReadonlySet<string> = new Set([
  ...["items", "additionalProperties", "propertyNames", "unevaluatedItems", "unevaluatedProperties"],
  "patternProperties",
]);

/** Keywords that OpenAPI 3.0 has not, or has with another meaning; its `nullable` and others are in schema_writer.ts. */
const NOT_IN_30 = new Set([
  ...["const", "exclusiveMaximum", "exclusiveMinimum", "maxContains", "minContains", "dependentRequired"],
  ...["if", "then", "else", "contains", "propertyNames", "unevaluatedItems", "unevaluatedProperties", "prefixItems"],
  ...["patternProperties", "dependentSchemas"],
]);

/** Whether a keyword means something in a version. */
export function isKnown(keyword: string, version: OpenApiVersion): boolean {
  return version === "3.1" || !NOT_IN_30.has(keyword);
}

/** Keywords that change the meaning of what is below them in ways that are not carried out. */
export const UNSUPPORTED = ["$dynamicRef", "$recursiveRef"] as const;
