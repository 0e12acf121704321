/** A slow, plain model of a stream store: whole byte arrays, and forks that copy. */

import { concat } from "../../src/bytes/source.ts";
import type { StreamErrorCode } from "../../src/loom/stream_error.ts";
import type { StreamEnd } from "../../src/loom/stream_store.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A stream of the model. */
export interface ModelStream {
  readonly parent: ModelStream | undefined;
  /** Where its own bytes begin. */
  readonly base: number;
  bytes: Bytes;
  start: number;
  end: StreamEnd | undefined;
  forks: number;
  hidden: boolean;
}

/** Refusals are codes, success is undefined. */
export type Outcome = StreamErrorCode | undefined;

/** What a store should hold. */
export class StreamModel {
  readonly streams = new Map<string, ModelStream>();

  create(id: string, bytes: Bytes, options: { force?: boolean; fork?: { from: string; at: number } }): Outcome {
    const { force = false, fork } = options;
    const refusal = fork && this.#missing(fork.from);
    if (refusal) return refusal;
    const parent = fork && this.streams.get(fork.from)!;
    if (fork && fork.at < parent!.start) return "trimmed";
    const old = this.streams.get(id);
    if (old && !force) return old.hidden ? "gone" : "exists";
    if (parent) parent.forks++;
    if (old) this.#remove(id, old);
    const all = fork ? concat([parent!.bytes.slice(0, fork.at), bytes]) : bytes;
    const start = parent?.start ?? 0;
    this.streams.set(id, { parent, base: fork?.at ?? 0, bytes: all, start, end: undefined, forks: 0, hidden: false });
  }

  append(id: string, bytes: Bytes, end: StreamEnd | undefined): Outcome {
    const stream = this.streams.get(id)!;
    const refusal = this.#missing(id) ?? (stream.end && "closed");
    if (refusal) return refusal;
    stream.bytes = concat([stream.bytes, bytes]);
    stream.end = end;
  }

  delete(id: string): Outcome | boolean {
    const stream = this.streams.get(id);
    if (!stream) return false;
    if (stream.hidden) return "gone";
    this.#remove(id, stream);
    return true;
  }

  /** Lets go all but the last bytes of each stream. */
  expire(keepBytes: number): void {
    for (const stream of this.streams.values()) {
      const start = stream.bytes.byteLength - keepBytes;
      const isFree = stream.forks === 0 && !stream.hidden;
      if (isFree && start > Math.max(stream.start, stream.base)) stream.start = start;
    }
  }

  #missing(id: string): Outcome {
    const stream = this.streams.get(id);
    return !stream ? "not-found" : stream.hidden ? "gone" : undefined;
  }

  #remove(id: string, stream: ModelStream): void {
    if (stream.forks > 0) {
      stream.hidden = true;
      return;
    }
    if (this.streams.get(id) === stream) this.streams.delete(id);
    const { parent } = stream;
    if (!parent) return;
    parent.forks--;
    if (!parent.hidden || parent.forks > 0) return;
    const [parentId] = [...this.streams].find(([, other]) => other === parent) ?? [""];
    this.#remove(parentId, parent);
  }
}
