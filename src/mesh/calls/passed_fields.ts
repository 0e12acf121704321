/** The header fields of a message that go with it through the mesh: all but those of one connection (RFC 9110 §7.6.1). */

const OF_CONNECTION = new Set([
  ...["connection", "keep-alive", "proxy-connection", "transfer-encoding", "te", "trailer", "upgrade"],
  ...["proxy-authenticate", "proxy-authorization", "http2-settings", "expect"],
]);

/** True for a field, by its name in lower case, that means something behind the connection it came on. */
export function isEndToEnd(name: string): boolean {
  return !OF_CONNECTION.has(name);
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

/** Names in `Connection`, besides the usual ones. */
function namedByConnection(connection: string | null): Set<string> | undefined {
  if (!connection || /^(?:keep-alive|close|upgrade)$/i.test(connection)) return undefined;
  return new Set(connection.toLowerCase().split(",").map((name) => name.trim()));
}
