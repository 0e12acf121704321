/** Which content coding a client wants (RFC 9110 §12.5.3). */

/** Names that mean the same (RFC 9110 §8.4.1.3). */
const ALIASES: Readonly<Record<string, string>> = { "x-gzip": "gzip" };

/**
 * The coding to answer with; undefined for none.
 *
 * @param field `Accept-Encoding` of the request; null when it has none
 * @param codings those that there are, the best first: it breaks ties
 */
export function chooseCoding<C extends string>(field: string | null, codings: readonly C[]): C | undefined {
  if (!field) return undefined;
  const weights = parseWeights(field);
  let best: C | undefined;
  // No coding is what a client takes that says nothing else, and what it prefers only if it says so.
  let bestWeight = weights.get("identity") ?? 0;
  for (const coding of codings) {
    const weight = weights.get(coding) ?? weights.get("*") ?? 0;
    if (weight > bestWeight || weight === bestWeight && weight > 0 && !best) [best, bestWeight] = [coding, weight];
  }
  return best;
}

function parseWeights(field: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const item of field.toLowerCase().split(",")) {
    const [name, ...parameters] = item.split(";").map((part) => part.trim());
    if (name !== "") weights.set(ALIASES[name] ?? name, weightOf(parameters));
  }
  return weights;
}

/** A weight that is none counts as a no: what a client can't say it can't read. */
function weightOf(parameters: readonly string[]): number {
  const weight = parameters.find((parameter) => parameter.startsWith("q="));
  if (weight === undefined) return 1;
  return /^q=(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(weight) ? Number(weight.slice(2)) : 0;
}
