/** Request parameters: names and values from the query and from forms, as plain data. */

import { HttpError } from "../errors.ts";
import { limits } from "../limits.ts";

/** Parameters by name. It has no prototype, so that no name means anything but itself. */
export type Parameters = Record<string, unknown>;

/** An empty set of parameters. */
export function noParameters(): Parameters {
  return Object.create(null);
}

/**
 * Collects pairs; a name that comes several times becomes an array in the order of the pairs.
 *
 * @throws {HttpError} 400 when there are more than `limits.parameters`
 */
export function collect(pairs: Iterable<readonly [string, unknown]>): Parameters {
  const into = noParameters();
  let count = 0;
  for (const [name, value] of pairs) {
    if (++count > limits.parameters) throw new HttpError(400, `More than ${limits.parameters} parameters`);
    const before = into[name];
    if (before === undefined) into[name] = value;
    else if (Array.isArray(before)) before.push(value);
    else into[name] = [before, value];
  }
  return into;
}

/** Merges sets of parameters; of those with one name the last wins. Undefined ones, as routers give, are left out. */
export function merge(...sets: readonly Readonly<Record<string, unknown>>[]): Parameters {
  const into = noParameters();
  for (const set of sets) {
    for (const [name, value] of Object.entries(set)) {
      if (value !== undefined) into[name] = value;
    }
  }
  return into;
}
