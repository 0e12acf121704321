/** Uploads: the answer's head goes out at once, its empty body ends when all is stored. */

import { fromReadableStream, type Source, toReadableStream } from "../../bytes/source.ts";
import { HttpError } from "../../errors.ts";
import { limits } from "../../limits.ts";
import { guards, refuseTaken } from "./classic_answers.ts";
import { idField, newStreamId } from "./classic_id.ts";
import { toStoredType } from "./classic_type.ts";
import { contentTypeOf } from "../durable/durable_fields.ts";
import { parseMetadata } from "../metadata.ts";
import { StreamError } from "../stream_error.ts";
import type { Created, StreamInfo, StreamStore } from "../stream_store.ts";
import { Upload } from "./upload.ts";

/** How uploads are taken. */
export interface PostOptions {
  /** How long a producer may send nothing, milliseconds. Default: `limits.uploadIdleMs`. */
  readonly idleMs?: number;
}

/**
 * Answers a POST.
 *
 * @param id undefined for a generated one
 * @param force replaces what has that id
 * @throws {HttpError} 400 for bad header fields
 * @throws {StreamError} when the stream can't be made
 */
export async function post(
  store: StreamStore,
  request: Request,
  id: string | undefined,
  force: boolean,
  options: PostOptions = {},
): Promise<Response> {
  const metadata = parseMetadata(request.headers.get("x-stream-metadata"));
  const contentType = toStoredType(contentTypeOf(request.headers));
  const closed = request.body === null;
  const stream = await make(store, id ?? newStreamId(), { metadata, contentType, force, closed });
  if (!stream) return refuseTaken(id!);
  const headers = { ...guards, "x-stream-id": idField(stream.id), "cache-control": "no-store" };
  if (!request.body) return new Response(null, { status: 201, headers });
  const body = fromReadableStream(request.body);
  const upload = new Upload(store, stream, () => body.cancel());
  const stored = receive(body, upload, options.idleMs ?? limits.uploadIdleMs);
  return new Response(toReadableStream(endOf(stored)), { status: 201, headers });
}

/** Makes a stream; undefined when its id is taken. */
async function make(
  store: StreamStore,
  id: string,
  options: Parameters<StreamStore["create"]>[1],
): Promise<StreamInfo | undefined> {
  let outcome: Created;
  try {
    outcome = await store.create(id, { ...options, upload: true });
  } catch (error) {
    if (error instanceof StreamError && error.code === "exists") return undefined;
    throw error;
  }
  return outcome.created ? outcome.stream : undefined;
}

/** Takes a body to its end. One that breaks off ends the stream as aborted. */
async function receive(body: Source, upload: Upload, idleMs: number): Promise<void> {
  try {
    for (let chunk = await patient(body, idleMs); chunk; chunk = await patient(body, idleMs)) {
      const room = upload.write(chunk);
      if (room) await room;
    }
  } catch (error) {
    body.cancel(error);
    await upload.end("aborted");
    throw error;
  }
  await upload.end("closed");
}

/** Reads a chunk, and waits only so long for it. */
async function patient(body: Source, idleMs: number): Promise<Awaited<ReturnType<Source["read"]>>> {
  const chunk = body.read();
  if (!(chunk instanceof Promise)) return chunk;
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new HttpError(408, `Nothing was sent for ${idleMs} ms`)), idleMs);
  });
  chunk.catch(() => {/* it breaks when it is given up, and nobody waits for it any more */});
  try {
    return await Promise.race([chunk, late]);
  } finally {
    clearTimeout(timer!);
  }
}

/** No bytes; the end when a promise is kept, a break when it is not. */
function endOf(stored: Promise<void>): Source {
  stored.catch(() => {/* told to whoever reads; to nobody when the producer has left */});
  return {
    read: async () => {
      await stored;
      return undefined;
    },
    cancel: () => {/* the producer has left, which its body tells too */},
  };
}
