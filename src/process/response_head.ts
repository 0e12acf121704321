/** The head that a program writes before its body: a CGI/1.1 header block, or that of an HTTP/1.1 message. */

import { Buffer } from "node:buffer";
import { concat, type Source } from "../bytes/source.ts";
import { ProgramError } from "../errors.ts";
import { limits } from "../limits.ts";

/** A parsed head, and what was read behind it. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: Headers;
  /** How the body ends: with the stream, or by chunked coding. */
  readonly framing: "stream" | "chunked";
  /** The body's length as the head states it. */
  readonly contentLength: number | undefined;
  /** The beginning of the body. */
  readonly rest: Uint8Array<ArrayBuffer>;
}

/** Fields that belong to one connection (RFC 9110 §7.6.1) and are ours to set, and the id that the server gives. */
const NOT_FORWARDED = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
  "content-length",
  "status",
];

/**
 * Reads a head.
 *
 * @param source standard output
 * @param form `cgi`: a header block with `Status` (RFC 3875 §6) or, as in its "non-parsed header" output, a whole HTTP
 *   message; `http`: an HTTP/1.1 message (RFC 9112)
 * @returns undefined when standard output ended with nothing written
 * @throws {ProgramError} `head` when it is malformed or too long
 */
export async function readHead(source: Source, form: "cgi" | "http"): Promise<ResponseHead | undefined> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let total = 0;
  for (;;) {
    const chunk = await source.read();
    if (chunk === undefined) {
      if (total === 0) return undefined;
      throw invalid("it ended before the blank line that closes a head");
    }
    chunks.push(chunk);
    total += chunk.byteLength;
    const bytes = concat(chunks);
    const end = findBlankLine(bytes);
    const length = end?.body ?? total;
    if (length > limits.responseHeadBytes) throw invalid(`it is longer than ${limits.responseHeadBytes} bytes`);
    if (end) return parseHead(bytes.subarray(0, end.head), bytes.subarray(end.body), form);
    chunks.splice(0, chunks.length, bytes);
  }
}

const LF = 10;
const CR = 13;

/** Where the head ends and the body begins; lines may end in LF alone, as CGI programs like to write them. */
function findBlankLine(bytes: Uint8Array): { head: number; body: number } | undefined {
  for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return { head: at, body: at + 2 };
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return { head: at, body: at + 3 };
  }
}

function parseHead(head: Uint8Array, rest: Uint8Array<ArrayBuffer>, form: "cgi" | "http"): ResponseHead {
  const lines = decodeLatin1(head).split("\n").map((line) => line.replace(/\r$/, ""));
  const isMessage = lines[0].startsWith("HTTP/");
  if (form === "http" && !isMessage) {
    throw invalid("something wrote to standard output past the runner; let it call flush of service.res before");
  }
  const statusLine = isMessage ? lines.shift()!.replace(/^HTTP\/1\.[01] /, "") : undefined;
  const headers = parseFields(lines);
  const stated = statusLine ?? headers.get("status");
  const status = stated !== null ? parseStatus(stated) : headers.has("location") ? 302 : 200;
  const coding = headers.get("transfer-encoding")?.toLowerCase();
  if (coding !== undefined && (coding !== "chunked" || !isMessage)) throw invalid(`its transfer coding is ${coding}`);
  const contentLength = parseLength(headers.get("content-length"));
  for (const name of NOT_FORWARDED) headers.delete(name);
  return { status, headers, framing: coding ? "chunked" : "stream", contentLength, rest };
}

/** Bytes as characters of the same numbers, as `Headers` wants them. TextDecoder's "latin1" is windows-1252. */
export function decodeLatin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** Parses field lines (RFC 9112 §5); folded lines and invalid names or values are refused. */
export function parseFields(lines: readonly string[]): Headers {
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 1) throw invalid(`${JSON.stringify(line.slice(0, 80))} is not a header field`);
    try {
      headers.append(line.slice(0, colon), withoutSpace(line.slice(colon + 1)));
    } catch {
      throw invalid(`${JSON.stringify(line.slice(0, 80))} is not a header field`);
    }
  }
  return headers;
}

/** Takes off spaces and tabs, and nothing else: trim() would take the last byte of "à" for a space, too. */
function withoutSpace(value: string): string {
  let [start, end] = [0, value.length];
  while (value[start] === " " || value[start] === "\t") start++;
  while (end > start && (value[end - 1] === " " || value[end - 1] === "\t")) end--;
  return value.slice(start, end);
}

/** A status code and, behind a space, words for people (RFC 3875 §6.3.3, RFC 9112 §4). */
function parseStatus(text: string): number {
  const code = Number(/^(\d{3})(?: |$)/.exec(text)?.[1]);
  if (code >= 200 && code <= 599) return code;
  throw invalid("its status is not one from 200 to 599");
}

function parseLength(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw invalid("its Content-Length is not a number");
  return Number(text);
}

function invalid(why: string): ProgramError {
  return new ProgramError("head", `The program's response head is invalid: ${why}`);
}
