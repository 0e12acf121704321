/** Answers as flatend's services give them, and back: a map of header fields, in which `status` is the status. */

import { type Chunk, type Source, toReadableStream } from "../../bytes/source.ts";
import { isBodiless } from "../../http/bodiless.ts";
import { responseFields } from "../../http/forward_fields.ts";
import { FlatendError } from "./flatend_error.ts";
import type { Fields } from "./packets.ts";
import { setField } from "./request_fields.ts";

const STATUS = "status";
/** Anything else would be no answer to pass on. */
const STATUSES = /^[2-5]\d\d$/;
const LENGTH = /^\d{1,15}$/;
/** Fields that say how our own answer travelled, not how theirs does. */
const OF_A_CONNECTION = new Set(["connection", "keep-alive", "transfer-encoding", "trailer", "upgrade", STATUS]);

/**
 * The answer of a service.
 *
 * @param body is cancelled where there is none to pass on
 * @param onLeftOut told of each field that HTTP has no way to write
 * @throws {FlatendError} when the status is none
 */
export function toResponse(
  fields: Fields,
  body: Source,
  method: string,
  onLeftOut: (name: string) => void,
): Response {
  const told = fields.findLast(([name]) => name.toLowerCase() === STATUS)?.[1] ?? "200";
  if (!STATUSES.test(told)) throw new FlatendError("broken", { cause: new RangeError(`Status ${told}`) });
  const status = Number(told);
  const headers = new Headers();
  for (const [name, value] of responseFields(fields.flat(), false)) {
    if (name !== STATUS && !setField(headers, name, value)) onLeftOut(name);
  }
  const length = headers.get("content-length");
  if (length !== null && !LENGTH.test(length)) headers.delete("content-length");
  if (method === "HEAD" || isBodiless(status)) {
    body.cancel();
    if (method !== "HEAD") headers.delete("content-length");
    return new Response(null, { status, headers });
  }
  const isKnown = headers.has("content-length");
  return new Response(toReadableStream(isKnown ? ofLength(body, Number(length)) : body), { status, headers });
}

/** What a node that asked is told of our answer. */
export function answerFields({ status, headers }: Response): Fields {
  const fields: [string, string][] = [[STATUS, String(status)]];
  headers.forEach((value, name) => {
    if (!OF_A_CONNECTION.has(name)) fields.push([name, value]);
  });
  return fields;
}

/** A body that breaks when it is not as long as was told: what is too much would be taken for the next answer. */
function ofLength(body: Source, length: number): Source {
  let left = length;
  const check = (chunk: Chunk): Chunk => {
    left -= chunk?.byteLength ?? 0;
    if (left >= 0 && (chunk || left === 0)) return chunk;
    body.cancel();
    throw new FlatendError("broken", { cause: new RangeError(`Told a body of ${length} bytes`) });
  };
  return { read: async () => check(await body.read()), cancel: (reason) => body.cancel(reason) };
}
