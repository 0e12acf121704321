/** Standard input as the body of a request. */

import { type Chunk, prepend, type Source, toReadableStream } from "../../bytes/source.ts";
import { cliLimits } from "../limits.ts";

/** Methods whose requests have no body (Fetch §5.3). */
const BODILESS = new Set(["GET", "HEAD"]);

/** What a request is made with. */
export interface CallBody {
  readonly method: string;
  /** Null where there is none. */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>> | null;
}

/**
 * The body, and the method that goes with it: without one it is waited for whether there is any input.
 *
 * @param method what was asked for
 */
export async function callBody(method: string | undefined): Promise<CallBody> {
  if (Deno.stdin.isTerminal()) return { method: method ?? "GET", body: null };
  if (method !== undefined) return { method, body: BODILESS.has(method) ? null : toReadableStream(input) };
  const first = await input.read();
  if (!first) return { method: "GET", body: null };
  return { method: "POST", body: toReadableStream(prepend([first], input)) };
}

const input: Source = {
  read: readInput,
  cancel() {/* what was not read is not ours */},
};

async function readInput(): Promise<Chunk> {
  const buffer = new Uint8Array(cliLimits.inputBytes);
  const count = await Deno.stdin.read(buffer);
  return count === null ? undefined : buffer.subarray(0, count);
}
