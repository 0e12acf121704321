/** Rows that say what a key of a file sets. */

import type { RoutePolicy } from "../../../src/gateway/config/model.ts";
import type { TargetConfig } from "../../../src/gateway/config/target_model.ts";

/**
 * A key, a line that sets it, the value, what it sets, and to what. In the line, `$` is the value, and what stands in « »
 * may be left out.
 */
export type Row<T> = readonly [key: string, line: string, value: string, get: (of: T) => unknown, expected: unknown];

/** A route or an operation. */
export interface Answerer {
  readonly policy: RoutePolicy;
  readonly target: TargetConfig;
}

/** The program of a target, or the first of several. */
export function programOf(target: TargetConfig) {
  if (target.kind === "program" || target.kind === "callback") return target.program;
  return target.kind === "pipe" || target.kind === "chain" ? target.programs[0] : undefined;
}
