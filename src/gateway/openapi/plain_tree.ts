/** What a parser made, as a tree of plain JSON, bounded: aliases of YAML make small texts into endless values. */

import { gatewayLimits } from "../limits.ts";
import type { Json } from "./json.ts";

/** Counts what all files of a document hold together. */
export class NodeCount {
  #left: number = gatewayLimits.openapiNodes;

  /** @throws {RangeError} when there are too many */
  take(): void {
    if (--this.#left < 0) throw new RangeError(`it holds more than ${gatewayLimits.openapiNodes} values`);
  }
}

/**
 * Copies a value. What several places shared, each has for itself afterwards.
 *
 * @throws {RangeError} when it is too deep, as one that holds itself is, or too large
 * @throws {TypeError} when it holds what JSON has no word for
 */
export function plainTree(value: unknown, count: NodeCount, depth: number = gatewayLimits.openapiDepth): Json {
  count.take();
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value !== "object") throw new TypeError(`${String(value)} is nothing that JSON has a word for`);
  if (depth === 0) throw new RangeError(`it nests deeper than ${gatewayLimits.openapiDepth} levels`);
  if (Array.isArray(value)) return value.map((item) => plainTree(item, count, depth - 1));
  const copy: Record<string, Json> = {};
  for (const [name, inner] of Object.entries(value)) {
    const made = plainTree(inner, count, depth - 1);
    // An assignment to this one would change the prototype.
    if (name === "__proto__") Object.defineProperty(copy, name, { value: made, enumerable: true });
    else copy[name] = made;
  }
  return copy;
}
