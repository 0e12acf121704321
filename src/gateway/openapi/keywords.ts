/** Keywords of ajv that are ours: those that bound what a check may cost, and those whose own form costs the square. */

import { _, type AnySchema, type CodeKeywordDefinition, type FuncKeywordDefinition, type KeywordCxt, Name } from "ajv";
import type { Effort } from "./effort.ts";

/** Ends a check that has found more errors than anybody is told of. */
export class TooManyErrors extends Error {
  /** `TooManyErrors`. */
  override readonly name = "TooManyErrors";
  /** Those that were found. */
  readonly found: unknown;

  constructor(found: unknown) {
    super("The value breaks its schema too often");
    this.found = found;
  }
}

/**
 * `bound`: ends a check for all errors that has enough of them. ajv collects without end, and copies what it has at each
 * reference.
 */
export function boundKeyword(errorsMax: number): CodeKeywordDefinition {
  // The variables of the functions that ajv writes.
  const [errors, found] = [new Name("errors"), new Name("vErrors")];
  return {
    keyword: "bound",
    schemaType: "boolean",
    code({ gen, it }: KeywordCxt): void {
      if (!it.allErrors) return;
      const error = gen.scopeValue("func", { ref: TooManyErrors });
      gen.if(_`${errors} > ${errorsMax}`, () => gen.throw(_`new ${error}(${found})`));
    },
  };
}

/** `effort`: what a schema costs, taken each time. */
export function effortKeyword(effort: Effort): FuncKeywordDefinition {
  return {
    keyword: "effort",
    schemaType: "number",
    errors: false,
    compile: (cost: number) => () => {
      effort.spend(cost);
      return true;
    },
  };
}

/** `refused`: a member that must not be there; its value says by which keyword. */
export const refusedKeyword: FuncKeywordDefinition = {
  keyword: "refused",
  schemaType: "string",
  errors: false,
  error: { message: "must not be there", params: ({ schema }) => _`{by: ${schema as string}}` },
  compile: () => () => false,
};

/** `enum`, in the same time for any number of values. */
export const enumKeyword: FuncKeywordDefinition = {
  keyword: "enum",
  schemaType: "array",
  errors: false,
  error: { message: "must be equal to one of the allowed values", params: _`{}` },
  compile(values: readonly AnySchema[]) {
    const allowed = new Set<unknown>(values.map(canonical));
    return (value: unknown) => allowed.has(canonical(value));
  },
};

/** `uniqueItems`, in proportion to their number. */
export const uniqueItemsKeyword: FuncKeywordDefinition = {
  keyword: "uniqueItems",
  type: "array",
  schemaType: "boolean",
  errors: false,
  error: { message: "must not have duplicate items", params: _`{}` },
  compile: () => (items: readonly unknown[]) => new Set(items.map(canonical)).size === items.length,
};

/** The same for values that are the same JSON, and for no others. */
function canonical(value: unknown): unknown {
  if (typeof value === "string") return `"${value}`; // no text is taken for an object
  if (typeof value !== "object" || value === null) return value;
  return canonicalText(value);
}

function canonicalText(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalText).join()}]`;
  const members = Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1);
  return `{${members.map(([name, inner]) => `${JSON.stringify(name)}:${canonicalText(inner)}`).join()}}`;
}
