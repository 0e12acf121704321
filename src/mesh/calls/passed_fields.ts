/** The header fields of a message that go with it through the mesh: all but those of one connection (RFC 9110 §7.6.1). */

import { isOfConnection, namedByConnection } from "../../http/field_rules.ts";

/** True for a field, by its name in lower case, that means something behind the connection it came on. */
export function isEndToEnd(name: string): boolean {
  return !isOfConnection(name) && name !== "expect"; // that was answered where the request came in
}

/** Fields of a request, name and value in turn. */
export function passedFields(headers: Headers): string[] {
  const named = namedByConnection(headers.get("connection"));
  const fields: string[] = [];
  headers.forEach((value, name) => {
    if (isEndToEnd(name) && !named?.has(name)) fields.push(name, value);
  });
  return fields;
}
