/**
 * Bodies that are as long as their heads say. Whoever reads by the length would take what is too much for the next message
 * of its connection, which may be another client's.
 */

import { MalformedError } from "../../bytes/byte_reader.ts";
import type { RawFields } from "./head_lines.ts";

/** Compares a body with what was told of it. */
export class BodyLength {
  /** Bytes that are to come; undefined where nothing was told. */
  #left: number | undefined;

  /**
   * Makes one for the fields of a head.
   *
   * @throws {MalformedError} when they tell no length, or several
   */
  constructor(fields: RawFields) {
    for (let i = 0; i < fields.length; i += 2) {
      if (fields[i] !== "content-length") continue;
      const told = fields[i + 1];
      if (!/^\d{1,15}$/.test(told) || (this.#left !== undefined && this.#left !== Number(told))) {
        throw new MalformedError("The length of a body is none");
      }
      this.#left = Number(told);
    }
  }

  /** There is to be a body. */
  get isTold(): boolean {
    return this.#left !== undefined && this.#left > 0;
  }

  /**
   * Counts some of the body.
   *
   * @throws {MalformedError} when it is too long
   */
  add(bytes: number): void {
    if (this.#left === undefined) return;
    this.#left -= bytes;
    if (this.#left < 0) throw new MalformedError("A body is longer than it was said to be");
  }

  /**
   * Says that this was all.
   *
   * @throws {MalformedError} when it is too short
   */
  end(): void {
    if (this.isTold) throw new MalformedError("A body is shorter than it was said to be");
  }
}
