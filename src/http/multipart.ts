/** Multipart forms (RFC 7578): fields in memory, files in temporary files, all bounded. */

import { Busboy } from "@fastify/busboy";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Source } from "../bytes/source.ts";
import { HttpError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Claim } from "./budget.ts";
import { collect, type Parameters } from "./parameters.ts";

/** A file that came in a form. */
export interface UploadedFile {
  /** Where its content lies while the request lasts. */
  readonly path: string;
  /** Its name as the client gave it: only data, never a path to use. */
  readonly filename: string;
  /** Its type as the client gave it. */
  readonly contentType: string;
  /** Its length in bytes. */
  readonly size: number;
}

/** Bounds and the place for files. */
export interface MultipartOptions {
  readonly parsedBodyBytes: number;
  readonly formFilesBytes: number;
  readonly directory: () => Promise<string>;
  /** What the files may take of the disk beside those of other requests. */
  readonly files: Claim;
}

/** Characters of a part's name: a longer one is no name. */
const NAME_LENGTH_MAX = 1024;

/**
 * Takes a form apart.
 *
 * @param content the body
 * @param contentType the header, with its boundary
 * @throws {HttpError} 400 malformed, 413 too large or too many parts
 */
export async function parseMultipart(
  content: Source,
  contentType: string,
  options: MultipartOptions,
): Promise<{ fields: Parameters; files: Record<string, UploadedFile | UploadedFile[]> }> {
  const fields: [string, string][] = [];
  const files: Promise<[string, UploadedFile]>[] = [];
  const streams: Readable[] = [];
  const budget = { bytes: options.formFilesBytes };
  // What failed besides the form itself: the connection, or our own disk. It is not the form's fault.
  let failure: unknown;
  const onFailure = (error: unknown) => failure ??= error;
  const parser = makeParser(contentType, options.parsedBodyBytes);
  let fieldBytes = 0;

  const checkName = (name: string | undefined) => {
    if (name === undefined) parser.destroy(new HttpError(400, "A part of the multipart form has no name"));
    else if (name.length > NAME_LENGTH_MAX) parser.destroy(tooLarge());
  };
  parser.on("field", (name: string | undefined, value: string, _nameCut: boolean, valueCut: boolean) => {
    checkName(name);
    fieldBytes += (name?.length ?? 0) + value.length;
    if (valueCut || fieldBytes > options.parsedBodyBytes) parser.destroy(tooLarge());
    fields.push([name ?? "", value]);
  });
  parser.on(
    "file",
    (given: string | undefined, stream: Readable, filename: string | undefined, _: string, type: string) => {
      checkName(given);
      // A form that ends in the middle of a file breaks its stream, at a time when perhaps nobody reads it yet.
      stream.on("error", (error) => stream.destroy(error));
      streams.push(stream);
      const name = given ?? "";
      const number = files.length;
      const saved = save(stream, number, options, budget, onFailure).then(({ path, size }): [string, UploadedFile] => [
        name,
        { path, size, filename: filename ?? "", contentType: type },
      ]);
      saved.catch((error) => parser.destroy(error));
      files.push(saved);
    },
  );
  for (const event of ["partsLimit", "filesLimit", "fieldsLimit"] as const) {
    parser.on(event, () => parser.destroy(tooLarge()));
  }
  parser.on("error", () => {}); // the first of its errors is pipeline's; others must not be nobody's
  try {
    await pipeline(Readable.from(chunks(content, onFailure), { objectMode: false }), parser);
  } catch (cause) {
    for (const stream of streams) stream.destroy(); // or those who save what came would wait for more
    await Promise.allSettled(files);
    if (failure !== undefined) throw failure;
    throw cause instanceof HttpError ? cause : new HttpError(400, "The multipart form is malformed", { cause });
  }
  return {
    fields: collect(fields),
    files: collect(await Promise.all(files)) as Record<string, UploadedFile | UploadedFile[]>,
  };
}

function makeParser(contentType: string, fieldBytes: number): InstanceType<typeof Busboy> {
  try {
    return new Busboy({
      headers: { "content-type": contentType },
      limits: { parts: limits.formParts, files: limits.formFiles, fieldSize: fieldBytes },
    });
  } catch (cause) {
    throw new HttpError(400, "The multipart form names no boundary", { cause });
  }
}

/** Writes one file; all files of a form draw on one budget of bytes. */
async function save(
  stream: AsyncIterable<Uint8Array>,
  number: number,
  options: MultipartOptions,
  budget: { bytes: number },
  onFailure: (error: unknown) => void,
): Promise<{ path: string; size: number }> {
  const path = join(await options.directory().catch(told(onFailure)), String(number));
  using file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 }).catch(told(onFailure));
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.byteLength;
    budget.bytes -= chunk.byteLength;
    if (budget.bytes < 0) throw tooLarge();
    options.files.take(chunk.byteLength);
    for (let at = 0; at < chunk.byteLength;) at += await file.write(chunk.subarray(at)).catch(told(onFailure));
  }
  return { path, size };
}

async function* chunks(source: Source, onFailure: (error: unknown) => void): AsyncGenerator<Uint8Array> {
  for (;;) {
    const chunk = await Promise.resolve(source.read()).catch(told(onFailure));
    if (!chunk) return;
    yield chunk;
  }
}

/** Tells of an error on its way. */
function told(onFailure: (error: unknown) => void): (error: unknown) => never {
  return (error) => {
    onFailure(error);
    throw error;
  };
}

function tooLarge(): HttpError {
  return new HttpError(413, "The multipart form is too large or has too many parts");
}
