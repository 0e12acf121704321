/** What all requests together may hold, so that many small allowances don't add up to the whole machine. */

import { HttpError } from "../errors.ts";

/** An amount that claims draw on. */
export class Budget {
  readonly #max: number;
  #taken = 0;

  /** @param max bytes in all */
  constructor(max: number) {
    this.#max = max;
  }

  /** Opens a claim; disposing it gives all back that it took. */
  claim(): Claim {
    let mine = 0;
    return {
      take: (bytes) => {
        if (this.#taken + bytes > this.#max) {
          throw new HttpError(503, "The server holds too many request bodies", { headers: { "retry-after": "1" } });
        }
        this.#taken += bytes;
        mine += bytes;
      },
      [Symbol.dispose]: () => {
        this.#taken -= mine;
        mine = 0;
      },
    };
  }
}

/** One request's part of a budget. */
export interface Claim extends Disposable {
  /**
   * Takes bytes.
   *
   * @throws {HttpError} 503 when the budget is used up
   */
  take(bytes: number): void;
}
