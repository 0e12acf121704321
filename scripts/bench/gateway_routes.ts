/** A file of many routes, for what is measured when it is read again. */

import { HEAD } from "./rivals/sluice_gateway.ts";

/** Path of the first route. */
export const FIRST = "resource0";

/**
 * Writes one.
 *
 * @param first what the first route answers
 * @param others what the others do
 */
export function routesText(routes: number, first: string, others: string): string {
  const route = (_: unknown, i: number) =>
    `[[routes]]\npath = "GET /resource${i}"\nrespond = ${JSON.stringify(i === 0 ? first : others)}\n`;
  return HEAD + Array.from({ length: routes }, route).join("");
}
