/** What clients send: checked to the last field before anything comes of it. */

import { createHash } from "node:crypto";
import { limits } from "../../limits.ts";
import { StreamError } from "../stream_error.ts";
import { checkId } from "../store/stream_ids.ts";
import { parsePattern } from "./pattern.ts";
import { SubscriptionError } from "./subscription_error.ts";

/** What a subscription is to do. */
export interface SubscriptionConfig {
  readonly type: "webhook" | "pull-wake";
  readonly pattern?: string;
  /** For `webhook`. */
  readonly webhookUrl?: string;
  /** For `pull-wake`: where wakes are told. */
  readonly wakeStream?: string;
  readonly leaseMs: number;
  readonly description?: string;
  /** Hash over all of it and the streams that were named: the same request made again is told by it. */
  readonly hash: string;
}

/** The request to make a subscription. */
export interface SubscriptionRequest {
  readonly config: SubscriptionConfig;
  /** Streams that were named, each once. */
  readonly streams: readonly string[];
}

/** What a worker says of its work. */
export interface WorkReport {
  readonly wakeId: unknown;
  readonly generation: unknown;
  readonly acks: readonly { readonly stream: string; readonly offset: string }[];
  readonly done: boolean;
}

type Fields = Record<string, unknown>;

const encoder = new TextEncoder();
const RESERVED = "__ds";

/**
 * Reads the request to make a subscription.
 *
 * @throws {SubscriptionError} `INVALID_REQUEST`
 */
export function readSubscription(body: unknown): SubscriptionRequest {
  const fields = readObject(body);
  const { type } = fields;
  if (type !== "webhook" && type !== "pull-wake") throw invalid('type has to be "webhook" or "pull-wake"');
  const streams = [...new Set(fields.streams === undefined ? [] : readPaths(fields.streams))].sort();
  const config = {
    type,
    pattern: readPattern(fields.pattern),
    webhookUrl: type === "webhook" ? readWebhook(fields.webhook) : undefined,
    wakeStream: type === "pull-wake" ? readPath(fields.wake_stream, "wake_stream") : undefined,
    leaseMs: readLease(fields.lease_ttl_ms),
    description: fields.description === undefined ? undefined : readText(fields.description, "description"),
  } as const;
  if (config.pattern === undefined && streams.length === 0) throw invalid("A pattern, streams or both are needed");
  if (config.wakeStream && streams.includes(config.wakeStream)) {
    throw invalid("A subscription can't follow the stream that its own wakes are written to");
  }
  const hash = createHash("sha256").update(JSON.stringify([config, streams])).digest("base64url");
  return { config: { ...config, hash }, streams };
}

/**
 * Reads the request to add streams.
 *
 * @throws {SubscriptionError} `INVALID_REQUEST`
 */
export function readStreams(body: unknown): string[] {
  return readPaths(readObject(body).streams);
}

/**
 * Reads who claims a wake.
 *
 * @throws {SubscriptionError} `INVALID_REQUEST`
 */
export function readWorker(body: unknown): string {
  const worker = readText(readObject(body).worker, "worker");
  if (worker === "") throw invalid("worker can't be empty");
  return worker;
}

/**
 * Reads what a worker says of its work. Its wake and generation are left as they are: what is wrong with them is stale.
 *
 * @throws {SubscriptionError} `INVALID_REQUEST`
 */
export function readReport(body: unknown): WorkReport {
  const { wake_id, generation, acks = [], done = false } = readObject(body);
  if (!Array.isArray(acks)) throw invalid("acks has to be an array");
  if (typeof done !== "boolean") throw invalid("done has to be true or false");
  return { wakeId: wake_id, generation, acks: acks.map(readAck), done };
}

function readAck(ack: unknown): WorkReport["acks"][number] {
  const { stream, path, offset } = readObject(ack);
  if (typeof offset !== "string") throw invalid("The offset of an ack has to be a string");
  return { stream: readPath(stream ?? path, "The stream of an ack"), offset };
}

/**
 * Reads the id of a stream, which may be written with slashes around it.
 *
 * @throws {SubscriptionError} `INVALID_REQUEST`
 */
export function readPath(value: unknown, name: string): string {
  if (typeof value !== "string") throw invalid(`${name} has to be the path of a stream`);
  const path = value.replace(/^\/+|\/+$/g, "");
  if (path === RESERVED || path.startsWith(RESERVED + "/")) throw invalid(`${name} can't begin with ${RESERVED}`);
  try {
    checkId(path);
  } catch (error) {
    if (error instanceof StreamError) throw invalid(`${name}: ${error.message}`);
    throw error;
  }
  return path;
}

function readPaths(value: unknown): string[] {
  if (!Array.isArray(value)) throw invalid("streams has to be an array of paths");
  return value.map((path) => readPath(path, "An element of streams"));
}

function readPattern(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const pattern = readText(value, "pattern");
  try {
    return parsePattern(pattern).join("/");
  } catch (error) {
    if (error instanceof SyntaxError) throw invalid(error.message);
    throw error;
  }
}

function readWebhook(value: unknown): string {
  const { url } = readObject(value ?? {});
  if (typeof url !== "string" || url === "") throw invalid("A webhook needs webhook.url");
  return url;
}

function readLease(value: unknown): number {
  if (value === undefined) return limits.leaseMs;
  if (
    typeof value === "number" && Number.isInteger(value) && value >= limits.leaseMsMin && value <= limits.leaseMsMax
  ) {
    return value;
  }
  throw invalid(`lease_ttl_ms has to be an integer from ${limits.leaseMsMin} to ${limits.leaseMsMax}`);
}

function readText(value: unknown, name: string): string {
  if (typeof value !== "string") throw invalid(`${name} has to be a string`);
  if (encoder.encode(value).byteLength > limits.subscriptionTextBytes) {
    throw invalid(`${name} has at most ${limits.subscriptionTextBytes} bytes`);
  }
  return value;
}

function readObject(value: unknown): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw invalid("The request has to be a JSON object");
}

function invalid(message: string): SubscriptionError {
  return new SubscriptionError("INVALID_REQUEST", message);
}
