/** POST: appends to a stream, ends it, or both (Durable Streams 1.0 §5.2). */

import { HttpError } from "../../errors.ts";
import { limits } from "../../limits.ts";
import { readBody } from "./durable_body.ts";
import { expectedTail } from "./durable_condition.ts";
import { contentTypeOf, isClosing } from "./durable_fields.ts";
import type { DurableSettings } from "./durable_settings.ts";
import { findStream } from "./durable_stream.ts";
import { formatOffset } from "../offset.ts";
import type { Fields } from "./stream_answers.ts";
import type { Appended, AppendOptions, Producer, StreamEnd, StreamInfo } from "../stream_store.ts";

/** Answers a POST. */
export async function append(settings: DurableSettings, request: Request, id: string): Promise<Response> {
  const info = findStream(settings.store, id); // before a body is taken that nobody will store
  const { headers } = request;
  const options = parseAppend(headers, info);
  using memory = settings.bodies.claim();
  const bytes = await readBody(request, settings.appendBytes, memory);
  if (bytes.byteLength === 0 && !options.end) {
    throw new HttpError(400, "The body is empty: append bytes, or end the stream with Stream-Closed: true");
  }
  const contentType = bytes.byteLength > 0 ? contentTypeOf(headers) : undefined;
  if (bytes.byteLength > 0 && contentType === undefined) {
    throw new HttpError(400, "Content-Type is missing: an append names the stream's");
  }
  const appended = await settings.store.append(id, bytes, contentType ? { ...options, contentType } : options);
  const fresh = options.producer !== undefined && bytes.byteLength > 0 && !appended.duplicate;
  return new Response(null, { status: fresh ? 200 : 204, headers: fieldsOf(settings, options.producer, appended) });
}

function fieldsOf(settings: DurableSettings, producer: Producer | undefined, appended: Appended): Fields {
  const fields: Fields = {
    ...settings.headers,
    "stream-next-offset": formatOffset(appended.tail),
    "cache-control": "no-store",
  };
  if (appended.end) fields["stream-closed"] = "true";
  if (producer) {
    fields["producer-epoch"] = String(producer.epoch);
    fields["producer-seq"] = String(appended.sequence ?? producer.sequence);
  }
  return fields;
}

/** @throws {HttpError} 400 */
function parseAppend(headers: Headers, info: StreamInfo): AppendOptions {
  return {
    producer: parseProducer(headers),
    streamSequence: parseStreamSequence(headers.get("stream-seq")),
    expectedTail: expectedTail(headers.get("if-match"), info),
    end: isClosing(headers) ? endOf(headers) : undefined,
  };
}

/** A client that was interrupted says so, and its readers learn that the end is no proper one. */
function endOf(headers: Headers): StreamEnd {
  return headers.get("x-stream-end") === "aborted" ? "aborted" : "closed";
}

function parseStreamSequence(value: string | null): string | undefined {
  if (value === null) return undefined;
  if (value !== "" && value.length <= limits.streamSequenceBytes) return value;
  throw new HttpError(400, `Stream-Seq has 1 to ${limits.streamSequenceBytes} bytes`);
}

function parseProducer(headers: Headers): Producer | undefined {
  const id = headers.get("producer-id");
  const epoch = headers.get("producer-epoch");
  const sequence = headers.get("producer-seq");
  if (id === null && epoch === null && sequence === null) return undefined;
  if (id === null || epoch === null || sequence === null) {
    throw new HttpError(400, "Producer-Id, Producer-Epoch and Producer-Seq go together");
  }
  if (id === "" || id.length > limits.producerIdBytes) {
    throw new HttpError(400, `Producer-Id has 1 to ${limits.producerIdBytes} bytes`);
  }
  return { id, epoch: counter(epoch, "Producer-Epoch"), sequence: counter(sequence, "Producer-Seq") };
}

function counter(value: string, name: string): number {
  if (/^\d+$/.test(value) && Number.isSafeInteger(Number(value))) return Number(value);
  throw new HttpError(400, `${name} is not a whole number below 2^53`);
}
