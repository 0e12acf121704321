/** How streams change: each function adds a change to a cycle, upon all that the cycle holds already. */

import { limits } from "../../limits.ts";
import type { Cycle } from "./committer.ts";
import { mediaType } from "./json_messages.ts";
import { judge } from "./producers.ts";
import { checkKept, gone, notFound } from "./refusals.ts";
import type { StoreLimits } from "./retention.ts";
import type { StoredStream, StreamDocument } from "./storage.ts";
import { infoOf, Stream } from "./stream.ts";
import { StreamError } from "../stream_error.ts";
import type { ForkPoint } from "./stream_fork.ts";
import type { StreamIndex } from "./stream_index.ts";
import type { Appended, AppendOptions, Created, CreateOptions, Producer, StreamEvent } from "../stream_store.ts";

/** What changes are made to. */
export interface Changes {
  readonly index: StreamIndex;
  /** Streams that are about to be, by id. */
  readonly claimed: Map<string, Stream>;
  /** What all streams hold, those bytes included that are about to be. */
  bytes: number;
  readonly limits: StoreLimits;
  nextNumber(): number;
  emit(kind: StreamEvent["kind"], stream: Stream): void;
}

/** A stream that somebody wants. */
export interface Wish {
  readonly id: string;
  readonly options: CreateOptions;
  readonly contentType: string;
  readonly fork: ForkPoint | undefined;
  /** As they are to be stored. */
  readonly bytes: Uint8Array;
}

/** Makes a stream, or finds it. */
export function stageCreate(cycle: Cycle, changes: Changes, wish: Wish, now: number): () => Created {
  let existing = changes.claimed.get(wish.id) ?? changes.index.get(wish.id);
  if (existing?.removing) existing = undefined;
  if (existing && !wish.options.force) {
    if (!existing.hasExpired(now)) return find(existing, wish);
    if (existing.forks > 0) {
      stageHide(cycle, changes, existing);
      throw gone(wish.id);
    }
  }
  checkParent(wish);
  checkPlace(changes, wish, existing); // before anything is replaced: what is refused changes nothing
  const stream = new Stream(makeStored(changes.nextNumber(), wish, now), wish.fork?.parent);
  if (stream.parent) stream.parent.forks++;
  if (existing) stageRemove(cycle, changes, existing, true);
  changes.claimed.set(wish.id, stream);
  changes.bytes += wish.bytes.byteLength;
  cycle.changes.push({ stored: stream.stored, created: true, bytes: wish.bytes });
  cycle.onFailed.push(() => {
    if (stream.parent) stream.parent.forks--;
    changes.claimed.delete(wish.id);
    changes.bytes -= wish.bytes.byteLength;
  });
  cycle.onStored.push(() => {
    changes.claimed.delete(wish.id);
    changes.index.set(stream);
    changes.emit("created", stream);
  });
  return () => ({ stream: infoOf(stream.stored), created: true });
}

/** @throws {StreamError} `not-found`, `gone`, `trimmed` when what is to be forked has changed since it was looked at */
function checkParent({ fork, options }: Wish): void {
  if (!fork) return;
  const { parent, at } = fork;
  const { hidden, start } = parent.latest;
  const { from } = options.fork!;
  if (parent.removing) throw notFound(from);
  if (hidden) throw gone(from);
  checkKept(from, start, at);
}

/** @throws {StreamError} `too-large`, `full` */
function checkPlace(changes: Changes, { bytes }: Wish, replaced: Stream | undefined): void {
  checkRoom(changes, bytes.byteLength, bytes.byteLength);
  const others = changes.index.size + changes.claimed.size - (replaced ? 1 : 0);
  if (others < (changes.limits.streams ?? Infinity)) return;
  throw new StreamError("full", `There are ${changes.limits.streams} streams already, which is the limit`);
}

function makeStored(number: number, wish: Wish, now: number): StoredStream {
  const { id, options, contentType, fork, bytes } = wish;
  const parent = fork?.parent.document;
  const own = options.ttlSeconds !== undefined || options.expiresAt !== undefined;
  const base = fork?.at ?? 0;
  const document: StreamDocument = {
    id,
    contentType,
    metadata: options.metadata,
    ttlSeconds: own ? options.ttlSeconds : parent?.ttlSeconds,
    expiresAt: own ? options.expiresAt : parent?.expiresAt,
    createdAt: now,
    parent: fork?.parent.number,
    base,
    fork: options.fork && { ...options.fork },
    upload: options.upload,
    start: fork?.parent.latest.start ?? 0,
    tail: base + bytes.byteLength,
    appendedAt: now,
    usedAt: now,
    end: options.closed ? "closed" : undefined,
  };
  return { number, document, producers: new Map() };
}

function find(existing: Stream, wish: Wish): () => Created {
  if (existing.latest.hidden) throw gone(wish.id);
  if (!isSame(existing.latest, wish)) {
    throw new StreamError("exists", `The stream ${wish.id} exists, and was made otherwise`);
  }
  return () => ({ stream: infoOf(existing.stored), created: false });
}

/** Whether a stream was made as somebody wants it. */
function isSame(document: StreamDocument, { options, contentType }: Wish): boolean {
  const { fork } = options;
  const inherits = fork !== undefined && options.ttlSeconds === undefined && options.expiresAt === undefined;
  return mediaType(contentType) === mediaType(document.contentType) &&
    (inherits || (options.ttlSeconds === document.ttlSeconds && options.expiresAt === document.expiresAt)) &&
    (options.closed ?? false) === (document.end !== undefined) &&
    fork?.from === document.fork?.from &&
    (fork?.at === undefined || fork.at === document.fork?.at) &&
    (fork?.beyond ?? 0) === (document.fork?.beyond ?? 0) &&
    (options.metadata === undefined || JSON.stringify(options.metadata) === JSON.stringify(document.metadata));
}

/** Appends, ends, or both. */
export function stageAppend(
  cycle: Cycle,
  changes: Changes,
  stream: Stream,
  bytes: Uint8Array,
  options: AppendOptions,
  now: number,
): () => Appended {
  const { latest } = stream;
  const { producer, streamSequence } = options;
  const known = producer && producerState(stream, producer.id, now);
  if (latest.end && !wasHeard(producer, known)) return endAgain(latest, bytes, options);
  if (producer && judge(producer, known) === "duplicate") {
    return () => ({ tail: stream.document.tail, end: stream.document.end, duplicate: true, sequence: known!.sequence });
  }
  if (streamSequence !== undefined && latest.sequence !== undefined && streamSequence <= latest.sequence) {
    throw new StreamError("sequence", `Stream-Seq has to be greater than ${JSON.stringify(latest.sequence)}`);
  }
  if (options.expectedTail !== undefined && options.expectedTail !== latest.tail) {
    throw new StreamError("moved", `The stream ends at ${latest.tail} by now`, { tail: latest.tail });
  }
  checkRoom(changes, bytes.byteLength, latest.tail - latest.start + bytes.byteLength);
  const set: { -readonly [K in keyof StreamDocument]?: StreamDocument[K] } = { usedAt: now };
  if (bytes.byteLength > 0) [set.tail, set.appendedAt] = [latest.tail + bytes.byteLength, now];
  if (streamSequence !== undefined) set.sequence = streamSequence;
  if (options.end) set.end = options.end;
  stream.staged = { ...latest, ...set };
  const state = producer && { epoch: producer.epoch, sequence: producer.sequence, at: now };
  if (state) (stream.stagedProducers ??= new Map()).set(producer.id, state);
  changes.bytes += bytes.byteLength;
  cycle.changes.push({ stored: stream.stored, set, bytes, producer: state && [producer.id, state] });
  cycle.onFailed.push(() => {
    changes.bytes -= bytes.byteLength;
    settle(stream);
  });
  cycle.onStored.push(() => {
    settle(stream);
    stream.wake();
    if (bytes.byteLength > 0) changes.emit("appended", stream);
    if (options.end) changes.emit("ended", stream);
  });
  const { tail, end } = stream.staged;
  return () => ({ tail, end, duplicate: false, sequence: producer?.sequence });
}

/** Nothing is about to be stored of it any more. */
function settle(stream: Stream): void {
  stream.staged = undefined;
  stream.stagedProducers = undefined;
}

function producerState(stream: Stream, id: string, now: number) {
  const state = stream.stagedProducers?.get(id) ?? stream.stored.producers.get(id);
  return state && now - state.at < limits.producerMs ? state : undefined;
}

/** Whether the producer can be told what became of its append, though the stream has ended. */
function wasHeard(producer: Producer | undefined, known: ReturnType<typeof producerState>): boolean {
  if (!producer || !known) return false;
  return producer.epoch < known.epoch || (producer.epoch === known.epoch && producer.sequence <= known.sequence);
}

/** To end what has ended is no mistake, to append to it is one. */
function endAgain({ tail, end }: StreamDocument, bytes: Uint8Array, options: AppendOptions): () => Appended {
  if (bytes.byteLength === 0 && options.end && !options.producer) return () => ({ tail, end, duplicate: true });
  throw new StreamError("closed", "The stream has ended: nothing can be appended", { tail, closed: true });
}

/** @throws {StreamError} `too-large`, `full` */
function checkRoom({ limits: { streamBytes, totalBytes }, bytes }: Changes, more: number, stream: number): void {
  if (streamBytes !== undefined && stream > streamBytes && more > 0) {
    throw new StreamError("too-large", `A stream holds at most ${streamBytes} bytes here`);
  }
  if (totalBytes !== undefined && bytes + more > totalBytes && more > 0) {
    throw new StreamError("full", `All streams together hold at most ${totalBytes} bytes here`);
  }
}

/** Lets go what lies before a position, unless something was forked from the stream meanwhile. */
export function stageTrim(cycle: Cycle, changes: Changes, stream: Stream, start: number): void {
  const { latest } = stream;
  if (stream.forks > 0 || start <= latest.start) return;
  const freed = start - Math.max(latest.start, latest.base);
  stream.staged = { ...latest, start };
  changes.bytes -= freed;
  cycle.changes.push({ stored: stream.stored, set: { start } });
  cycle.onFailed.push(() => {
    changes.bytes += freed;
    settle(stream);
  });
  cycle.onStored.push(() => settle(stream));
}

/**
 * Removes a stream; one that has forks is hidden. What it was forked from goes too, if only its forks kept it.
 *
 * @param replaced whether another one takes its id
 */
export function stageRemove(cycle: Cycle, changes: Changes, stream: Stream, replaced = false): void {
  if (stream.forks > 0) return stageHide(cycle, changes, stream, replaced);
  const { tail, start, base } = stream.latest;
  const freed = tail - Math.max(start, base);
  const { parent } = stream;
  stream.removing = true;
  changes.bytes -= freed;
  cycle.changes.push({ stored: stream.stored, removed: true });
  if (parent) parent.forks--;
  cycle.onFailed.push(() => {
    stream.removing = false;
    changes.bytes += freed;
    if (parent) parent.forks++;
  });
  cycle.onStored.push(() => {
    stream.removed = true;
    changes.index.delete(stream);
    if (!stream.document.hidden) changes.emit("deleted", stream);
    stream.wake();
  });
  if (parent?.latest.hidden && parent.forks === 0) stageRemove(cycle, changes, parent);
}

function stageHide(cycle: Cycle, changes: Changes, stream: Stream, replaced = false): void {
  const wasHidden = stream.latest.hidden;
  if (wasHidden && !replaced) return;
  const set = replaced ? { hidden: true, replaced } : { hidden: true };
  stream.staged = { ...stream.latest, ...set };
  cycle.changes.push({ stored: stream.stored, set });
  cycle.onFailed.push(() => settle(stream));
  cycle.onStored.push(() => {
    settle(stream);
    if (!wasHidden) changes.emit("deleted", stream);
    stream.wake();
  });
}
