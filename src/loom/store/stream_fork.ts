/** Where a fork begins. */

import { isJson } from "./json_messages.ts";
import { checkKept } from "./refusals.ts";
import type { Stream } from "./stream.ts";
import type { StreamBytes } from "./stream_bytes.ts";
import { StreamError } from "../stream_error.ts";
import type { ForkOptions } from "../stream_store.ts";

/** A stream to fork, and the position up to which its bytes are taken over. */
export interface ForkPoint {
  readonly parent: Stream;
  readonly at: number;
}

/**
 * Finds the point that a fork was asked for.
 *
 * @param find finds a stream by its id, or throws
 * @throws {StreamError} `invalid` when the stream has no such point, `trimmed`
 */
export async function resolveFork(
  options: ForkOptions,
  find: (id: string) => Stream,
  bytes: StreamBytes,
): Promise<ForkPoint> {
  const parent = find(options.from);
  const { start, tail, contentType } = parent.document;
  const { at = tail, beyond = 0 } = options;
  if (!isCount(at) || !isCount(beyond) || at > tail) {
    throw new StreamError("invalid", `The stream ${options.from} has ${tail} bytes: no fork at ${at}`);
  }
  checkKept(options.from, start, at);
  if (await bytes.boundary(parent, at) !== at) {
    throw new StreamError("invalid", `No message of the stream ${options.from} begins at ${at}`);
  }
  const point = !isJson(contentType) ? at + beyond : await bytes.skip(parent, at, beyond);
  if (point < at || point > tail) {
    throw new StreamError("invalid", `The stream ${options.from} has not so much beyond ${at}`);
  }
  return { parent, at: point };
}

function isCount(number: number): boolean {
  return Number.isSafeInteger(number) && number >= 0;
}
