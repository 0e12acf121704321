/**
 * Schemas that look at one value: by `$ref`, `allOf` and the like. Such a row must come to an end, and it multiplies: a few
 * lines in which each schema names the next one twice are billions of checks.
 */

import { gatewayLimits } from "../limits.ts";
import { faultAt, type Place } from "./source_file.ts";

/** From one schema to another that looks at the same value. */
export interface Link {
  readonly to: string;
  /** Where it is made. */
  readonly place: Place;
}

/** What it takes to look at one value: schemas in all, and at a time. */
interface Cost {
  readonly checks: number;
  readonly depth: number;
}

/**
 * Checks all rows.
 *
 * @param links by the schema that they come from
 * @throws {Error} naming the place at which one closes a circle or is too much
 */
export function checkChains(links: ReadonlyMap<string, readonly Link[]>): void {
  const costs = new Map<string, Cost>();
  const open = new Set<string>();
  const costOf = (name: string): Cost => {
    const known = costs.get(name);
    if (known) return known;
    open.add(name);
    let [checks, depth] = [1, 1];
    for (const { to, place } of links.get(name)!) {
      if (open.has(to)) throw faultAt(place, "the schema leads back to itself, and to no part of the value");
      if (open.size > gatewayLimits.schemaChain) throw tooMuch(place);
      const cost = costOf(to);
      checks += cost.checks;
      depth = Math.max(depth, 1 + cost.depth);
      if (checks > gatewayLimits.schemaExpansion || depth > gatewayLimits.schemaChain) throw tooMuch(place);
    }
    open.delete(name);
    const cost = { checks, depth };
    costs.set(name, cost);
    return cost;
  };
  for (const name of links.keys()) costOf(name);
}

function tooMuch(place: Place): Error {
  return faultAt(place, "too many schemas look at one value: it would take too long");
}
