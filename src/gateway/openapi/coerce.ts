/** Values of texts: parameters and forms are texts, and schemas speak of numbers. */

import type { Shape } from "./value_shape.ts";

const INTEGER = /^-?(?:0|[1-9]\d*)$/;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * Makes a value of a text, if it is written as one of a type that the schema names; else it stays what it is, and the
 * schema says what is wrong.
 */
export function coerce(text: string, { types }: Shape): unknown {
  if (types.has("number") && NUMBER.test(text) && Number.isFinite(Number(text))) return Number(text);
  if (types.has("integer") && INTEGER.test(text) && Number.isFinite(Number(text))) return Number(text);
  if (types.has("boolean") && (text === "true" || text === "false")) return text === "true";
  if (types.has("null") && text === "null" && !types.has("string")) return null;
  return text;
}

/** A property of an object whose names come from outside, so that no name means more than itself. */
export function setOwn(object: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}
