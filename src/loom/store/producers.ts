/** Idempotent producers: whether an append is new, was there before, or comes too early or too late. */

import type { ProducerState } from "./storage.ts";
import { StreamError } from "../stream_error.ts";
import type { Producer } from "../stream_store.ts";

/** Whether to store an append. */
export type Verdict = "new" | "duplicate";

/**
 * Judges an append (Durable Streams 1.0 §5.2.1).
 *
 * @param state what is remembered of the producer
 * @throws {StreamError} `stale-epoch`, `epoch-start`, `sequence-gap`
 */
export function judge(producer: Producer, state: ProducerState | undefined): Verdict {
  const { epoch, sequence } = producer;
  if (state && epoch < state.epoch) {
    throw new StreamError("stale-epoch", `The producer has begun epoch ${state.epoch}: this one is over`, {
      epoch: state.epoch,
    });
  }
  if (state && epoch > state.epoch) {
    if (sequence === 0) return "new";
    throw new StreamError("epoch-start", "A new epoch of a producer begins with sequence number 0");
  }
  const expected = state ? state.sequence + 1 : 0;
  if (sequence < expected) return "duplicate";
  if (sequence === expected) return "new";
  throw new StreamError("sequence-gap", `The producer's next sequence number is ${expected}, not ${sequence}`, {
    expected,
  });
}
