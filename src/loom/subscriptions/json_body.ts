/** Reads the JSON of a request, which is held in memory and therefore bounded. */

import { HttpError } from "../../errors.ts";
import { Budget } from "../../http/budget.ts";
import { collectBody } from "../../http/collect_body.ts";
import { bodySource } from "../../http/served_request.ts";
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
  const { subscriptionBodyBytes: max } = limits;
  if (Number(request.headers.get("content-length") ?? 0) > max) throw tooLarge();
  const source = bodySource(request);
  if (!source) return {};
  using memory = budget.claim();
  try {
    return parse(await collectBody(source, { max, memory, tooLarge }));
  } catch (error) {
    if (error instanceof HttpError && error.status === 503) throw new SubscriptionError("UNAVAILABLE", error.message);
    throw error;
  }
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
