/** The answer with a file, or with what was asked for of it. */

import { concat, toReadableStream } from "../../bytes/source.ts";
import { answerWith } from "../../http/bytes_response.ts";
import { problem } from "../../http/problem.ts";
import { fieldOfRequest } from "../../http/served_request.ts";
import { FileSource, type Piece } from "./static_body.ts";
import { isRangeOfThis, judgeConditions } from "./static_conditions.ts";
import type { StaticFile } from "./static_file.ts";
import { type ByteRange, contentRange, parseRanges } from "./static_ranges.ts";
import type { FileTable } from "./static_table.ts";

/** How an answer looks besides its bytes. */
interface Head {
  readonly status: number;
  readonly headers: Record<string, string>;
}

/** Answers a GET or HEAD with a file; undefined when it is gone by now. */
export function answerFile(request: Request, file: StaticFile, files: FileTable): Response | undefined {
  const field = (name: string) => fieldOfRequest(request, name);
  const knows = "etag" in file.headers; // the client was told what it might ask about
  const judged = knows ? judgeConditions(field, file) : undefined;
  if (judged === 304) return new Response(null, { status: 304, headers: headOf304(file) });
  if (judged === 412) return problem(412, "The file is not in the state that the request asks for");
  const isWhole = request.method === "HEAD" || field("range") === null || !isRangeOfThis(field("if-range"), file);
  if (file.content && isWhole) return answerWith(request, file.content, { headers: file.headers });
  if (request.method === "HEAD") return new Response(null, { headers: wholeHead(file).headers });
  const range = isWhole ? null : field("range");
  return file.content ? answerPieces(request, file, file.content, range) : answerStream(file, files, range);
}

function answerPieces(
  request: Request,
  file: StaticFile,
  content: Uint8Array<ArrayBuffer>,
  range: string | null,
): Response {
  const { head, pieces } = assemble(file, range);
  if (!pieces) return unsatisfiable(file);
  const part = (piece: Piece) => piece instanceof Uint8Array ? piece : content.subarray(piece.start, piece.end);
  return answerWith(request, concat(pieces.map(part)), head);
}

function answerStream(known: StaticFile, files: FileTable, range: string | null): Response | undefined {
  const found = files.open(known);
  if (!found) return undefined;
  const { opened, file } = found;
  const { head, pieces } = assemble(file, range);
  if (pieces) return new Response(toReadableStream(new FileSource(opened, pieces)), head);
  opened[Symbol.dispose]();
  return unsatisfiable(file);
}

/** Head and body of an answer; no body when nothing of what is asked for is there. */
function assemble(file: StaticFile, range: string | null): { head: Head; pieces: readonly Piece[] | undefined } {
  const { size } = file.state;
  const ranges = range === null ? undefined : parseRanges(range, size);
  if (!ranges) return { head: wholeHead(file), pieces: size > 0 ? [{ start: 0, end: size }] : [] };
  if (ranges === "unsatisfiable") return { head: wholeHead(file), pieces: undefined };
  const one = { "content-range": contentRange(ranges[0], size) };
  const pieces = ranges.length === 1 ? ranges : undefined;
  return pieces ? { head: partialHead(file, pieces, one), pieces } : multipart(file, ranges);
}

/** Several parts in one body (RFC 9110 §14.6). */
function multipart(file: StaticFile, ranges: readonly ByteRange[]): { head: Head; pieces: readonly Piece[] } {
  const boundary = crypto.randomUUID();
  const encoder = new TextEncoder();
  const type = file.headers["content-type"];
  const pieces = ranges.flatMap((range, index): Piece[] => {
    const head = `--${boundary}\r\ncontent-type: ${type}\r\ncontent-range: ${contentRange(range, file.state.size)}`;
    return [encoder.encode(`${index > 0 ? "\r\n" : ""}${head}\r\n\r\n`), range];
  });
  pieces.push(encoder.encode(`\r\n--${boundary}--\r\n`));
  return { head: partialHead(file, pieces, { "content-type": `multipart/byteranges; boundary=${boundary}` }), pieces };
}

function wholeHead({ headers, state }: StaticFile): Head {
  return { status: 200, headers: { ...headers, "content-length": String(state.size) } };
}

function partialHead(file: StaticFile, pieces: readonly Piece[], fields: Record<string, string>): Head {
  const lengthOf = (piece: Piece) => piece instanceof Uint8Array ? piece.byteLength : piece.end - piece.start;
  const length = pieces.reduce((sum, piece) => sum + lengthOf(piece), 0);
  return { status: 206, headers: { ...file.headers, ...fields, "content-length": String(length) } };
}

function unsatisfiable({ state }: StaticFile): Response {
  const headers = { "content-range": `bytes */${state.size}` };
  return problem(416, `The file has ${state.size} bytes, and none of those that are asked for`, { headers });
}

/** What a 200 would have that concerns caches (RFC 9110 §15.4.5). */
function headOf304({ headers }: StaticFile): Record<string, string> {
  const kept = ["etag", "last-modified", "vary"].filter((name) => name in headers);
  return Object.fromEntries(kept.map((name) => [name, headers[name]]));
}
