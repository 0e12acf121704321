/** A request as a line of shell, with examples in it. */

import { exampleToRead } from "./example_value.ts";
import { isObject, type Json } from "./json.ts";
import { isJson } from "./media_range.ts";
import type { MediaType } from "./media_types.ts";
import type { Operation } from "./operation.ts";
import type { Parameter } from "./parameter.ts";
import { shellQuoted } from "./stub.ts";

/**
 * Writes one.
 *
 * @param url what stands before the operation's path
 */
export function curlLine(operation: Operation, url: string): string {
  const { method, path, parameters, body, model } = operation;
  const example = (parameter: Parameter) => exampleToRead(model, parameter, "request") ?? "example";
  const words = ["curl"];
  if (method !== "GET") words.push("-X", method);
  let filled = path;
  const query: string[] = [];
  for (const parameter of parameters) {
    const { name, in: where, required } = parameter;
    const value = written(example(parameter));
    if (where === "path") filled = filled.replace(`{${name}}`, () => encodeURIComponent(value));
    else if (!required) continue;
    else if (where === "query") query.push(`${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
    else words.push("-H", shellQuoted(where === "header" ? `${name}: ${value}` : `Cookie: ${name}=${value}`));
  }
  const media = body?.contents.find(({ range }) => isJson(range)) ?? body?.contents[0];
  if (media) {
    words.push("-H", shellQuoted(`Content-Type: ${media.name}`), "--data", shellQuoted(dataOf(operation, media)));
  }
  words.push(shellQuoted(url + filled + (query.length > 0 ? `?${query.join("&")}` : "")));
  return words.join(" ");
}

/** JSON and forms as they are sent; what else there is comes from a file. */
function dataOf({ model }: Operation, media: MediaType): string {
  const example = exampleToRead(model, media, "request") ?? {};
  if (isJson(media.range)) return JSON.stringify(example);
  if (media.range.subtype !== "x-www-form-urlencoded" || !isObject(example)) return "@file";
  const pairs = Object.entries(example).map(([name, value]) => [name, written(value)]);
  return new URLSearchParams(pairs).toString();
}

function written(value: Json): string {
  if (Array.isArray(value)) return value.map((item) => written(item)).join();
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}
