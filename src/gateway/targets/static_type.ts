/** What the content of a file is, by its name. */

import mime from "mime";

const UNKNOWN = "application/octet-stream";

/** The `Content-Type` of a file. Texts are taken to be UTF-8; XML says itself what it is. */
export function contentTypeOf(name: string): string {
  const type = mime.getType(name) ?? UNKNOWN;
  return type.startsWith("text/") && type !== "text/xml" ? `${type}; charset=utf-8` : type;
}
