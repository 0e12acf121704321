/** What may be the id of a stream, and what may be attached to one: all of it is stored with the stream. */

import { limits } from "../../limits.ts";
import { StreamError } from "../stream_error.ts";
import type { AppendOptions, CreateOptions, Producer } from "../stream_store.ts";

const encoder = new TextEncoder();

/**
 * Checks an id: a path whose segments are not empty, `.` or `..`, without control characters.
 *
 * @throws {StreamError} `invalid`
 */
export function checkId(id: string): void {
  const wrong = complaint(id);
  if (wrong) throw new StreamError("invalid", `A stream's id ${wrong}`);
}

function complaint(id: string): string | undefined {
  if (id === "") return "is not empty";
  if (id.length > limits.streamIdBytes || encoder.encode(id).byteLength > limits.streamIdBytes) {
    return `has at most ${limits.streamIdBytes} bytes`;
  }
  if (/\p{Cc}|\p{Cs}/u.test(id)) return "has no control characters";
  if (id.split("/").some((segment) => segment === "" || segment === "." || segment === "..")) {
    return "has no empty segments, and none that are . or ..";
  }
  return undefined;
}

/**
 * Checks what is attached to a stream.
 *
 * @returns it as JSON keeps it, and nobody else can change it
 * @throws {StreamError} `invalid`
 */
export function checkMetadata(metadata: unknown): unknown {
  const json = toJson(metadata);
  if (json === undefined) return undefined;
  if (encoder.encode(json).byteLength > limits.streamMetadataBytes) {
    throw new StreamError("invalid", `A stream's metadata has at most ${limits.streamMetadataBytes} bytes as JSON`);
  }
  if (depthOf(json) > limits.streamMetadataDepth) {
    throw new StreamError("invalid", `A stream's metadata is nested at most ${limits.streamMetadataDepth} deep`);
  }
  return JSON.parse(json);
}

function toJson(metadata: unknown): string | undefined {
  try {
    return JSON.stringify(metadata);
  } catch (cause) {
    throw new StreamError("invalid", "A stream's metadata is a JSON value, and this is none", { cause });
  }
}

/** How deep arrays and objects lie in one another. */
function depthOf(json: string): number {
  let [depth, most] = [0, 0];
  for (const [mark] of json.matchAll(/"(?:[^"\\]|\\.)*"|[[{\]}]/g)) {
    if (mark === "[" || mark === "{") most = Math.max(most, ++depth);
    else if (mark === "]" || mark === "}") depth--;
  }
  return most;
}

/**
 * Checks the content type of a stream.
 *
 * @throws {StreamError} `invalid`
 */
export function checkContentType(contentType: string): void {
  if (contentType.length <= limits.contentTypeBytes) return;
  throw new StreamError("invalid", `A stream's content type has at most ${limits.contentTypeBytes} bytes`);
}

/** RFC 3339 has no longest time, but nobody needs one of more than nanoseconds. */
const TIME_LENGTH_MAX = 64;

/**
 * Checks when a stream expires.
 *
 * @throws {StreamError} `invalid`
 */
export function checkExpiry({ ttlSeconds, expiresAt }: CreateOptions): void {
  if (ttlSeconds !== undefined && !(Number.isSafeInteger(ttlSeconds) && ttlSeconds >= 0)) {
    throw new StreamError("invalid", `A stream lives for whole seconds: ${ttlSeconds} is none`);
  }
  if (expiresAt === undefined) return;
  if (expiresAt.length <= TIME_LENGTH_MAX && !Number.isNaN(Date.parse(expiresAt))) return;
  throw new StreamError("invalid", "A stream expires at a time such as 2030-01-31T12:00:00Z");
}

/**
 * Checks what a stream remembers of an append.
 *
 * @throws {StreamError} `invalid`
 */
export function checkAppend({ producer, streamSequence }: AppendOptions): void {
  if (producer) checkProducer(producer);
  if (streamSequence !== undefined && !isShort(streamSequence, limits.streamSequenceBytes)) {
    throw new StreamError("invalid", `Stream-Seq has 1 to ${limits.streamSequenceBytes} bytes`);
  }
}

function checkProducer({ id, epoch, sequence }: Producer): void {
  if (!isShort(id, limits.producerIdBytes)) {
    throw new StreamError("invalid", `A producer's id has 1 to ${limits.producerIdBytes} bytes`);
  }
  for (const number of [epoch, sequence]) {
    if (Number.isSafeInteger(number) && number >= 0) continue;
    throw new StreamError("invalid", `A producer counts epochs and appends from 0: ${number} is none`);
  }
}

function isShort(text: string, max: number): boolean {
  return text !== "" && text.length <= max && encoder.encode(text).byteLength <= max;
}
