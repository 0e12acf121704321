/** Addresses as options have them: none, one or several. */

import { parseAddress } from "../transport/address.ts";

/** Addresses in the one way to write them. @throws {TypeError} for what is none */
export function addressesOf(value: string | readonly string[] | undefined): readonly string[] {
  return listOf(value).map((text) => parseAddress(text).text);
}

/** What was given as a list. */
export function listOf(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === "string" ? [value] : value;
}
