/**
 * How requests to an authority are sent: acme-client's own way knows no certificate to check the authority against, waits
 * for ever, tries again by itself for minutes, and keeps nothing of a refusal but its words. It has one instance of axios
 * for all its clients, so what is meant for one travels with its calls.
 */

import { axios } from "acme-client";
import { AsyncLocalStorage } from "node:async_hooks";
import { X509Certificate } from "node:crypto";
import { concat } from "../../bytes/source.ts";
import type { AcmeConfig } from "../config/model.ts";
import { gatewayLimits } from "../limits.ts";
import { AcmeError, problemIn, typeOf, wordsOf } from "./acme_error.ts";
import { readBounded } from "./private_files.ts";

/** What requests to one authority need. */
export interface Exchange {
  /** Checks its certificate. */
  readonly http: Deno.HttpClient;
  /** Ends the requests. */
  readonly signal: AbortSignal;
  /** What it said last about when to ask again, milliseconds from then. */
  retryAfterMs: number;
}

/**
 * Reads what an authority's server is checked against, besides what the system trusts.
 *
 * @throws {TypeError} there is no certificate in the file
 */
export async function trustedCertificates({ caCert }: AcmeConfig): Promise<string[]> {
  if (caCert === undefined) return [];
  const text = await readBounded(caCert);
  if (text === undefined) throw new TypeError(`Cannot check the authority by ${caCert}: there is no such file`);
  try {
    new X509Certificate(text);
  } catch (cause) {
    throw new TypeError(`Cannot check the authority by ${caCert}: there is no certificate in it`, { cause });
  }
  return [text];
}

/** Makes a client's calls within an exchange. */
export function during<T>(exchange: Exchange, action: () => Promise<T>): Promise<T> {
  return exchanges.run(exchange, action);
}

const exchanges = new AsyncLocalStorage<Exchange>();

/** What axios has its adapters do. */
type Adapter = Extract<NonNullable<typeof axios.defaults.adapter>, (...args: never) => unknown>;

const send: Adapter = async (config) => {
  const exchange = exchanges.getStore();
  if (!exchange) throw new TypeError("Cannot ask the authority: the call is not within an exchange");
  const { method = "get", url = "", data: body } = config;
  const { response, text } = await fetchText(url, exchange, {
    method: method.toUpperCase(),
    headers: { "content-type": "application/jose+json", "user-agent": "sluice" },
    body,
  });
  exchange.retryAfterMs = retryAfterMs(response.headers.get("retry-after"), Date.now());
  if (!response.ok) refuse(response.status, text, exchange.retryAfterMs);
  const { status, statusText, headers } = response;
  return { data: text, status, statusText, headers: Object.fromEntries(headers), config };
};

// What is thrown there reaches the caller as it is: only errors of axios' own are tried again.
axios.defaults.adapter = send;

async function fetchText(url: string, { http, signal }: Exchange, init: RequestInit): Promise<Fetched> {
  const late = new AbortController();
  const patience = setTimeout(() => late.abort(), gatewayLimits.acmeRequestMs);
  try {
    const both = AbortSignal.any([signal, late.signal]);
    const response = await fetch(url, { ...init, client: http, redirect: "error", signal: both });
    return { response, text: await textOf(response, url) };
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    if (cause instanceof AcmeError) throw cause;
    const why = late.signal.aborted ? `none within ${gatewayLimits.acmeRequestMs} ms` : rootOf(cause);
    throw new AcmeError(`No answer from ${url}: ${why}`, { type: "unreachable", cause });
  } finally {
    clearTimeout(patience);
  }
}

/** What lies at the bottom of an error: the runtime's own words say only that it failed. */
function rootOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? rootOf(error.cause) : error.message;
}

/** An answer, and all of its body. */
interface Fetched {
  readonly response: Response;
  readonly text: string;
}

async function textOf(response: Response, url: string): Promise<string> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let total = 0;
  for await (const chunk of response.body ?? []) {
    total += chunk.byteLength;
    if (total > gatewayLimits.acmeAnswerBytes) throw new AcmeError(`The answer of ${url} is too large`);
    chunks.push(chunk);
  }
  return new TextDecoder().decode(concat(chunks));
}

/** Throws for an answer that is no success, but where the client has a way on. */
function refuse(status: number, text: string, retryAfterMs: number): void {
  const problem = problemIn(text);
  const type = typeOf(problem);
  if (type === "badNonce") return; // the client takes the next nonce, a few times (RFC 8555 §6.5)
  throw new AcmeError(`${wordsOf(problem)} (status ${status})`, { type, retryAfterMs });
}

/** What a `Retry-After` says, milliseconds from now, as far as we let ourselves be told. */
export function retryAfterMs(value: string | null, now: number): number {
  if (value === null) return 0;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return ms > 0 ? Math.min(ms, gatewayLimits.acmeRetryAfterMs) : 0; // no date at all is NaN
}
