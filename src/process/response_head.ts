/** The head that a program writes before its body: a CGI/1.1 header block, or that of an HTTP/1.1 message. */

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
    if ((end?.body ?? total) > limits.responseHeadBytes) throw invalid(`it is longer than ${limits.responseHeadBytes} bytes`);
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
  const lines = new TextDecoder("latin1").decode(head).split("\n").map((line) => line.replace(/\r$/, ""));
  const isMessage = lines[0].startsWith("HTTP/");
  if (form === "http" && !isMessage) throw invalid("it does not begin with HTTP/1.1");
  const version = isMessage ? /^HTTP\/1\.[01] /.exec(lines[0])?.[0] : "";
  const stated = isMessage ? lines.shift()!.slice(version?.length ?? 0) : undefined;
  const headers = parseFields(lines);
  const code = Number(status ?? headers.get("status")?.slice(0, 3) ?? (headers.has("location") ? 302 : 200));
  if (!Number.isInteger(code) || code < 200 || code > 599) throw invalid("its status is not one from 200 to 599");
  const coding = headers.get("transfer-encoding")?.toLowerCase();
  if (coding !== undefined && (coding !== "chunked" || !isMessage)) throw invalid(`its transfer coding is ${coding}`);
  const contentLength = parseLength(headers.get("content-length"));
  for (const name of NOT_FORWARDED) headers.delete(name);
  return { status: code, headers, framing: coding ? "chunked" : "stream", contentLength, rest };
}

/** Parses field lines (RFC 9112 §5); folded lines and invalid names or values are refused. */
export function parseFields(lines: readonly string[]): Headers {
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 1) throw invalid(`${JSON.stringify(line.slice(0, 80))} is not a header field`);
    try {
      headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
    } catch {
      throw invalid(`${JSON.stringify(line.slice(0, 80))} is not a header field`);
    }
  }
  return headers;
}

function parseLength(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw invalid("its Content-Length is not a number");
  return Number(text);
}

function invalid(why: string): ProgramError {
  return new ProgramError("head", `The program's response head is invalid: ${why}`);
}
