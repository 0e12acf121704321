/** Messages that hold many services, in parts that a frame holds. */

import { limits } from "../../limits.ts";
import type { PeerMessage, Row } from "../federation/row.ts";
import { RegistryError } from "../registry_error.ts";

/**
 * Groups texts of JSON values so that each group is about `limits.registryPartChars` long: a frame has room for that and
 * for the largest service, whatever it takes in UTF-8.
 */
export function* groups<T>(items: Iterable<T>, textOf: (item: T) => string): Generator<T[]> {
  let group: T[] = [];
  let chars = 0;
  for (const item of items) {
    group.push(item);
    chars += textOf(item).length;
    if (chars < limits.registryPartChars) continue;
    yield group;
    [group, chars] = [[], 0];
  }
  if (group.length > 0) yield group;
}

/** The text of a JSON array in parts of that length, each made when it is asked for. */
export function* arrayTexts(items: Iterable<unknown>): Generator<string> {
  let before = "[";
  for (const group of groups(texts(items), (text) => text)) {
    yield before + group.join();
    before = ",";
  }
  yield before === "[" ? "[]" : "]";
}

function* texts(items: Iterable<unknown>): Generator<string> {
  for (const item of items) yield JSON.stringify(item);
}

/** A message between hubs as one or several of them. What it holds is looked up once, when the first one is asked for. */
export function* split(whole: PeerMessage): Generator<PeerMessage & { readonly more?: true }> {
  const message = { ...whole };
  if (message.type === "delta") {
    let after = message.after;
    for (const changes of groups(message.changes, JSON.stringify)) {
      yield { ...message, after, changes };
      after += changes.length;
    }
  } else if (message.type === "full" && message.rows.length > 0) {
    let left = message.rows.length;
    for (const rows of groups(message.rows, JSON.stringify)) {
      left -= rows.length;
      yield { ...message, rows, ...left > 0 ? { more: true } : {} };
    }
  } else {
    yield message;
  }
}

/** Puts the parts together again that come over one link. */
export class Joiner {
  #rows: Row[] = [];

  /**
   * Takes a message.
   *
   * @returns undefined while more of it is to come
   * @throws {RegistryError} `limit`
   */
  join(message: PeerMessage, more: boolean): PeerMessage | undefined {
    if (message.type !== "full") return message;
    for (const row of message.rows) this.#rows.push(row);
    if (this.#rows.length > limits.registryServices) {
      throw new RegistryError("limit", `A hub has no more than ${limits.registryServices} services`);
    }
    if (more) return undefined;
    const rows = this.#rows;
    this.#rows = [];
    return { ...message, rows };
  }
}
