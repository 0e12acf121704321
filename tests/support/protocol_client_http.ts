/** Plays exchanges of HTTP that stand in docs/protocols, and tells where an answer is another one than there. */

import { deepEqual, equal } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type IncomingMessage, request, type RequestOptions } from "node:http";
import { exampleOf, unescaped } from "./protocol_client_text.ts";
import { within } from "./within.ts";

/** One side of an exchange. */
interface Said {
  /** `METHOD PATH`, or a status. */
  readonly first: string;
  readonly fields: [name: string, value: string][];
  readonly body: string | undefined;
}

/** Plays the exchanges of an example, one after the other. @param edit what is other in this run, such as an id */
export async function play(
  file: string,
  name: string,
  where: RequestOptions,
  edit: (text: string) => string = (text) => text,
): Promise<number> {
  const exchanges = edit(exampleOf(file, name).join("\n")).split("\n\n");
  for (const exchange of exchanges) {
    const lines = exchange.split("\n");
    const asked = said(lines.filter((line) => line.startsWith(">")));
    const told = said(lines.filter((line) => line.startsWith("<")));
    const { incoming, body } = await within(`an answer to ${asked.first}`, ask(asked, where));
    equal(String(incoming.statusCode), told.first, `the status of ${asked.first}`);
    for (const [field, value] of told.fields) equal(incoming.headers[field], value, `${field} of ${asked.first}`);
    if (told.body !== undefined) deepEqual(body, told.body, `the body of ${asked.first}`);
  }
  return exchanges.length;
}

function said(marked: string[]): Said {
  const [first, ...lines] = marked.map((line) => line.slice(2));
  const end = lines.indexOf("");
  const fields = (end < 0 ? lines : lines.slice(0, end)).map((line): [string, string] => {
    const colon = line.indexOf(": ");
    return [line.slice(0, colon), line.slice(colon + 2)];
  });
  return { first, fields, body: end < 0 ? undefined : unescaped(lines[end + 1]) };
}

function ask({ first, fields, body }: Said, where: RequestOptions) {
  const [method, path] = first.split(" ");
  return new Promise<{ incoming: IncomingMessage; body: string }>((resolve, reject) => {
    const headers = { ...Object.fromEntries(fields), "content-length": Buffer.byteLength(body ?? "") };
    const outgoing = request({ ...where, method, path, headers, agent: false }, async (incoming) => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk);
      resolve({ incoming, body: Buffer.concat(chunks).toString() });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
