/** What header fields may hold, and which of them are of one connection only. */

/** What no field's value has (RFC 9110 §5.5); values are bytes, one a character. */
const NOT_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

/** Fields of one connection, whichever way they go (RFC 9110 §7.6.1). */
const OF_CONNECTION = new Set([
  ...["connection", "keep-alive", "proxy-connection", "transfer-encoding", "te", "trailer", "upgrade"],
  ...["proxy-authenticate", "proxy-authorization", "http2-settings"],
]);

/** True for a value that a field can have. */
export function isFieldValue(value: string): boolean {
  return !NOT_IN_VALUE.test(value);
}

/** True for a field, by its name in lower case, that means nothing behind the connection it came on. */
export function isOfConnection(name: string): boolean {
  return OF_CONNECTION.has(name);
}

/** Names that `Connection` adds to those, besides its usual words. */
export function namedByConnection(connection: string | null): Set<string> | undefined {
  if (!connection || /^(?:keep-alive|close|upgrade)$/i.test(connection)) return undefined;
  return new Set(connection.toLowerCase().split(",").map((name) => name.trim()));
}
