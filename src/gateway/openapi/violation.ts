/** What is wrong with a request or an answer, as clients and the log are told. */

import { gatewayLimits } from "../limits.ts";
import { toPointer } from "./json.ts";
import type { Fault } from "./schema_checks.ts";

/** Where something stands in a request or an answer. */
export type Part = "path" | "query" | "header" | "cookie" | "body" | "status";

/** One thing that is wrong. */
export interface Violation extends Fault {
  readonly in: Part;
}

/**
 * Makes violations of what a schema has found.
 *
 * @param steps where the value stands in its part: the name of a parameter
 */
export function violationsOf(part: Part, steps: readonly string[], faults: readonly Fault[]): readonly Violation[] {
  const prefix = toPointer(steps);
  return faults.map(({ pointer, message, keyword }) => ({
    in: part,
    pointer: shortened(prefix + pointer),
    message,
    keyword,
  }));
}

/** One that no schema has found. */
export function violation(part: Part, steps: readonly string[], keyword: string, message: string): Violation {
  return { in: part, pointer: shortened(toPointer(steps)), message, keyword };
}

/** Those that are told. */
export function fewEnough(violations: readonly Violation[]): readonly Violation[] {
  return violations.slice(0, gatewayLimits.violations);
}

/** In one line, for the log. */
export function describe(violations: readonly Violation[]): string {
  return violations.map((one) => `${one.in}${one.pointer} ${one.message}`).join("; ");
}

function shortened(pointer: string): string {
  const max = gatewayLimits.violationPointerChars;
  return pointer.length <= max ? pointer : `${pointer.slice(0, max)}…`;
}
