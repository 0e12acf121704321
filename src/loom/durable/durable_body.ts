/** Bodies that are stored whole or not at all. */

import { HttpError } from "../../errors.ts";
import type { Claim } from "../../http/budget.ts";
import { collectBody } from "../../http/collect_body.ts";
import { bodySource } from "../../http/served_request.ts";

const EMPTY = new Uint8Array(0);
/** Of larger bodies only what has come takes memory, so that nobody can take all of it by announcing much. */
const AT_ONCE_BYTES = 64 * 1024;

/**
 * Collects a body.
 *
 * @param max bytes
 * @param memory what it takes of it is given back by the caller, once the bytes are stored
 * @throws {HttpError} 400 when it breaks off, 408, 413, 415, 503
 */
export async function readBody(request: Request, max: number, memory: Claim): Promise<Uint8Array<ArrayBuffer>> {
  const { headers } = request;
  // Readers would get it without being told of the coding.
  const coding = headers.get("content-encoding");
  if (coding !== null && coding.toLowerCase() !== "identity") {
    throw new HttpError(415, "A stream takes no body with a Content-Encoding: send it as it is");
  }
  const length = headers.get("content-length");
  const announced = length !== null && /^\d+$/.test(length) ? Number(length) : undefined;
  if (announced !== undefined && announced > max) throw tooLarge(max);
  try {
    if (announced === 0) return EMPTY;
    if (announced !== undefined && announced <= AT_ONCE_BYTES) return await whole(request, announced, memory);
    const source = bodySource(request);
    return source ? await collectBody(source, { max, memory, tooLarge: () => tooLarge(max) }) : EMPTY;
  } catch (cause) {
    if (cause instanceof HttpError) throw cause;
    throw new HttpError(400, "The body broke off: nothing was stored", { cause });
  }
}

/** A small body: to ask for its stream would cost more than all the rest of an append. */
async function whole(request: Request, announced: number, memory: Claim): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(await request.arrayBuffer());
  memory.take(announced); // only now: whoever announces and does not send takes nothing from others
  if (bytes.byteLength === announced) return bytes;
  throw new HttpError(400, `The body has ${bytes.byteLength} bytes, not ${announced} as its Content-Length says`);
}

function tooLarge(max: number): HttpError {
  return new HttpError(413, `An append has at most ${max} bytes: send more in several`);
}
