/** Every key in Deno.Kv: what its value is, and when it changes. */

import type { ProducerState, StreamDocument } from "../store/storage.ts";
import type { TimeMark } from "./time_marks.ts";

/** Where the store stands. Changes at every checkpoint. */
export const ABOUT: Deno.KvKey = ["loom", "about"];

/** Value of `ABOUT`. */
export interface About {
  /** Format of all that is stored; a store of another one is refused. */
  readonly format: number;
  /** No stream has this number or a higher one. */
  readonly next: number;
  /** The oldest use of the journal that is still needed. */
  readonly use: number;
  /** The last commit. */
  readonly commit: number;
}

/** One key a stream: what is known of it. Changes at a checkpoint, when the stream has. */
export const STREAMS: Deno.KvKey = ["loom", "stream"];

/** Value of a key below `STREAMS`. */
export interface StreamValue {
  readonly document: StreamDocument;
  /** Everything before lies in blocks, the rest below `TAILS`. */
  readonly flushed: number;
  /** The last commit that it has all of. */
  readonly commit: number;
  readonly marks: readonly TimeMark[];
}

/** One key a stream: its bytes from `flushed` on, less than a block, as `kept_tail.ts` has them. Changes with the stream's value. */
export const TAILS: Deno.KvKey = ["loom", "tail"];

/** One key a producer of a stream, number then id: a `ProducerState`. Changes at a checkpoint, when the producer has appended. */
export const PRODUCERS: Deno.KvKey = ["loom", "producer"];

/** Value of a key below `PRODUCERS`. */
export type ProducerValue = ProducerState;

/** One key a subscription: its document. Changes whenever the subscription does. */
export const SUBSCRIPTIONS: Deno.KvKey = ["loom", "subscription"];

/** One key a secret, by its name: bytes. Never changes. */
export const SECRETS: Deno.KvKey = ["loom", "secret"];
