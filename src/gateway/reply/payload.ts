/**
 * What a program is given of its request: the body, or the parameters as JSON where the method is one that has no body. It
 * is held in memory only where it has to be a string.
 */

import { join } from "node:path";
import { HttpError } from "../../errors.ts";
import type { Body } from "../../http/body.ts";
import type { Claim } from "../../http/budget.ts";
import { collectBody } from "../../http/collect_body.ts";
import type { Parameters } from "../../http/parameters.ts";
import { PatientSource } from "../../http/patient_source.ts";
import type { CallbackConfig } from "../config/target_model.ts";
import { gatewayLimits } from "../limits.ts";
import { type Handed, payloadTooLong } from "./hand_over.ts";

/** What becomes of a payload. */
export interface Payload extends Handed {
  /** What goes to standard input. */
  readonly input: Body["content"];
}

/** How a payload is taken. */
export interface PayloadOptions {
  readonly channel: CallbackConfig["channel"];
  /** It has to be a text, because some argument or variable is to hold it. */
  readonly asText: boolean;
  /** What strings take of the memory. */
  readonly memory: Claim;
  /** Bytes of a file, and what it takes of the disk. */
  readonly fileBytes: number;
  readonly files: Claim;
  readonly directory: () => Promise<string>;
  /** How long the body may take to come, where the program has to wait for it, milliseconds; 0 for no limit. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Takes the payload of a request.
 *
 * @param body as it has been read so far
 * @param params the merged parameters
 * @throws {HttpError} 400 when it can't be a string, 408 when it does not come, 413 when it is too long
 */
export async function takePayload(
  method: string,
  body: Body["content"],
  params: Parameters,
  options: PayloadOptions,
): Promise<Payload> {
  const { channel } = options;
  let input = method === "GET" || method === "HEAD" ? new TextEncoder().encode(JSON.stringify(params)) : body;
  let text: string | undefined;
  if (options.asText) {
    input = await collect(input, options);
    text = toText(input);
  }
  const file = channel === "file" ? await store(input, options) : undefined;
  if (channel === "stdin") return { input, text, file };
  if (channel === "none" && text === undefined && input && !(input instanceof Uint8Array)) input.cancel();
  return { input: undefined, text, file };
}

async function collect(body: Body["content"], options: PayloadOptions): Promise<Uint8Array<ArrayBuffer>> {
  const max = gatewayLimits.payloadStringBytes;
  if (body === undefined) return new Uint8Array(0);
  if (!(body instanceof Uint8Array)) {
    using patient = new PatientSource(body, options);
    return await collectBody(patient, { max, memory: options.memory, tooLarge: payloadTooLong });
  }
  if (body.byteLength > max) throw payloadTooLong();
  return body;
}

function toText(bytes: Uint8Array<ArrayBuffer>): string {
  if (bytes.includes(0)) throw new HttpError(400, "The body holds a NUL byte, which no argument or variable can");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new HttpError(400, "The body is not valid UTF-8", { cause });
  }
}

async function store(body: Body["content"], options: PayloadOptions): Promise<string> {
  const path = join(await options.directory(), "payload");
  using file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
  if (body === undefined) return path;
  if (body instanceof Uint8Array) {
    await writeAll(file, body);
    return path;
  }
  let bytes = 0;
  using patient = new PatientSource(body, options);
  for (let chunk = await patient.read(); chunk; chunk = await patient.read()) {
    bytes += chunk.byteLength;
    try {
      if (bytes > options.fileBytes) throw new HttpError(413, `The body is larger than ${options.fileBytes} bytes`);
      options.files.take(chunk.byteLength);
      await writeAll(file, chunk);
    } catch (error) {
      body.cancel();
      throw error;
    }
  }
  return path;
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength;) at += await file.write(bytes.subarray(at));
}
