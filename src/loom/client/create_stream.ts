/** Makes a stream that is new, also when the answer to the first attempt was lost on its way. */

import { limits } from "../../limits.ts";
import { isJson } from "../store/json_messages.ts";
import { formatMetadata } from "../metadata.ts";
import { StreamClientError } from "./client_error.ts";
import { Exchange } from "./exchange.ts";
import type { Persistence } from "./retry.ts";

/** What a stream of JSON without a value answers: two brackets. */
const EMPTY_ARRAY_BYTES = 2;

/** What is made. */
export interface NewStream {
  /** Any JSON value, kept with the stream. */
  readonly metadata?: unknown;
  /** Replaces a stream of that id. */
  readonly force?: boolean;
}

/**
 * Makes a stream.
 *
 * @throws {StreamClientError} `exists`, and what every request may end with
 */
export async function createStream(
  url: URL,
  headers: Readonly<Record<string, string>>,
  options: NewStream,
  persistence: Persistence,
  signal: AbortSignal,
): Promise<void> {
  const target = new URL(url);
  if (options.force) target.searchParams.set("force", "true");
  const all = options.metadata === undefined
    ? headers
    : { ...headers, "x-stream-metadata": formatMetadata(options.metadata) };
  await persistence.keepTrying(async (tries) => {
    using exchange = new Exchange({ signal, silenceMs: limits.clientAnswerMs });
    const { status } = await exchange.ask(target, { method: "PUT", headers: { ...all } });
    if (status === 201) return;
    if (options.force) throw new StreamClientError("refused", "The server can't replace a stream: delete it first");
    // The server found one made the same way: ours, if an earlier attempt arrived and nothing is in it yet.
    if (tries === 0 || !await isEmpty(url, headers, signal)) {
      throw new StreamClientError("exists", "There is a stream of that id already");
    }
  });
}

/** True when a stream may grow and nothing was appended yet. */
async function isEmpty(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<boolean> {
  const start = new URL(url);
  start.searchParams.set("offset", "-1");
  using exchange = new Exchange({ signal, silenceMs: limits.clientAnswerMs });
  const answer = await exchange.ask(start, { method: "GET", headers: { ...headers } });
  if (answer.headers.get("stream-closed") === "true") return false;
  let bytes = 0;
  for await (const chunk of exchange.body(answer)) {
    if ((bytes += chunk.byteLength) > EMPTY_ARRAY_BYTES) return false;
  }
  return bytes === 0 || isJson(headers["content-type"]);
}
