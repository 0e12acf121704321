/** Reads the JSON of a request, which is held in memory and therefore bounded. */

import { concat, fromReadableStream } from "../../bytes/source.ts";
import { HttpError } from "../../errors.ts";
import { Budget } from "../../http/budget.ts";
import { limits } from "../../limits.ts";
import { SubscriptionError } from "./subscription_error.ts";

const budget = new Budget(limits.subscriptionBodiesInAll);
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads a body, whatever its Content-Type; none is an empty object.
 *
 * @throws {SubscriptionError} `INVALID_REQUEST`, `BODY_TOO_LARGE`, `UNAVAILABLE`
 */
export async function readJson(request: Request): Promise<unknown> {
  if (!request.body) return {};
  if (Number(request.headers.get("content-length") ?? 0) > limits.subscriptionBodyBytes) throw tooLarge();
  using claim = budget.claim();
  const source = fromReadableStream(request.body);
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  try {
    for (let chunk = await source.read(); chunk; chunk = await source.read()) {
      chunks.push(chunk);
      bytes += chunk.byteLength;
      if (bytes > limits.subscriptionBodyBytes) throw tooLarge();
      claim.take(chunk.byteLength);
    }
  } catch (error) {
    source.cancel();
    if (error instanceof HttpError && error.status === 503) throw new SubscriptionError("UNAVAILABLE", error.message);
    throw error;
  }
  return parse(concat(chunks));
}

function parse(bytes: Uint8Array): unknown {
  try {
    const text = decoder.decode(bytes);
    return text === "" ? {} : JSON.parse(text);
  } catch {
    throw new SubscriptionError("INVALID_REQUEST", "The body is not JSON in UTF-8");
  }
}

function tooLarge(): SubscriptionError {
  return new SubscriptionError("BODY_TOO_LARGE", `The body has at most ${limits.subscriptionBodyBytes} bytes`);
}
