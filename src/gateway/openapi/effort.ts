/** What one check may cost: schemas that branch and patterns that multiply could keep the server busy with small values. */

import { gatewayLimits } from "../limits.ts";

/** Thrown when a check has cost what it may. */
export class EffortError extends Error {
  /** `EffortError`. */
  override readonly name = "EffortError";
}

/** Counts the work of the check that is under way; checks don't wait, so there is one at a time. */
export class Effort {
  #left = 0;

  /** Begins a check. */
  begin(): void {
    this.#left = gatewayLimits.checkEffort;
  }

  /**
   * Takes so much.
   *
   * @param work in units of about ten nanoseconds
   * @throws {EffortError} when too much has been taken
   */
  spend(work: number): void {
    this.#left -= work;
    if (this.#left < 0) throw new EffortError("The check takes too much work");
  }
}
