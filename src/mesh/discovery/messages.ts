/** What nodes ask each other to find one another, as bytes: a question in one piece, and an answer in one piece. */

import { ByteReader, MalformedError } from "../../bytes/byte_reader.ts";
import { ByteWriter } from "../../bytes/byte_writer.ts";
import { meshLimits } from "../limits.ts";
import type { Peer, PeerBook } from "./peer.ts";
import { PLACE_BYTES } from "./place.ts";
import { isServiceName } from "../service_name.ts";

/** What is asked. */
export type Question =
  /** Are you there? */
  | { readonly type: "ping" }
  /** Whom do you know near this place? */
  | { readonly type: "findNode"; readonly place: Uint8Array<ArrayBuffer> }
  /** Who offers this service, and whom do you know near its place? */
  | { readonly type: "findProviders"; readonly service: string }
  /** Keep this record. A withdrawal is a record, too. */
  | { readonly type: "addProvider"; readonly record: Uint8Array<ArrayBuffer> };

/** What becomes of a record that is to be kept. */
export type Verdict = typeof VERDICTS[number];

/** What is answered. */
export type Answer =
  /** The question was not understood: it may be of a later version. */
  | { readonly type: "unknown" }
  | { readonly type: "ping" }
  | { readonly type: "findNode"; readonly peers: readonly Peer[] }
  | {
    readonly type: "findProviders";
    readonly peers: readonly Peer[];
    readonly records: readonly Uint8Array<ArrayBuffer>[];
  }
  /** With a stale record comes the one that is later, so that its provider can make one that is later still. */
  | { readonly type: "addProvider"; readonly verdict: Verdict; readonly later?: Uint8Array<ArrayBuffer> };

/** An answer, and what time the node has that gives it. */
export interface Answered {
  readonly wallMs: number;
  readonly answer: Answer;
}

const TYPES = ["unknown", "ping", "findNode", "findProviders", "addProvider"] as const;
const VERDICTS = ["accepted", "malformed", "forged", "future", "expired", "stale", "full", "tooOften"] as const;

/** Most bytes of an answer: records and contacts with their lengths, and some more. */
const ANSWER_BYTES = 2 * (meshLimits.answerRecordsBytes + meshLimits.answerContactsBytes);

/** Writes a question. */
export function writeQuestion(question: Question): Uint8Array<ArrayBuffer> {
  const isLong = question.type === "addProvider";
  const writer = new ByteWriter(isLong ? 1 + question.record.byteLength : 40).u8(TYPES.indexOf(question.type));
  if (question.type === "findNode") writer.bytes(question.place);
  else if (question.type === "findProviders") writer.text8(question.service);
  else if (isLong) writer.bytes(question.record);
  return writer.done();
}

/** Reads one. @throws {MalformedError} when it is none */
export function readQuestion(bytes: Uint8Array<ArrayBuffer>): Question {
  const reader = new ByteReader(bytes);
  const question = questionFrom(reader);
  reader.end();
  return question;
}

/** Writes an answer. Contacts that are too many bytes are left out, the last ones first. */
export function writeAnswer({ wallMs, answer }: Answered): Uint8Array<ArrayBuffer> {
  const peers = "peers" in answer ? peersWithRoom(answer.peers) : [];
  const writer = new ByteWriter(16 + lengthOf(peers));
  writer.u8(TYPES.indexOf(answer.type)).u53(Math.max(0, Math.floor(wallMs)));
  if (answer.type === "findProviders") {
    writer.u16(answer.records.length);
    for (const record of answer.records) writer.u16(record.byteLength).bytes(record);
  }
  if ("peers" in answer) {
    writer.u8(peers.length);
    for (const { bytes } of peers) writer.u16(bytes.byteLength).bytes(bytes);
  }
  if (answer.type === "addProvider") {
    writer.u8(VERDICTS.indexOf(answer.verdict)).u16(answer.later?.byteLength ?? 0);
    if (answer.later) writer.bytes(answer.later);
  }
  return writer.done();
}

/** Reads one. @throws {MalformedError} when it is none */
export function readAnswer(bytes: Uint8Array<ArrayBuffer>, book: PeerBook): Answered {
  if (bytes.byteLength > ANSWER_BYTES) throw new MalformedError("An answer is too long");
  const reader = new ByteReader(bytes);
  const type = readType(reader);
  const wallMs = reader.u53();
  const answer = answerFrom(type, reader, book);
  reader.end();
  return { wallMs, answer };
}

function questionFrom(reader: ByteReader): Question {
  const type = readType(reader);
  if (type === "ping") return { type };
  if (type === "findNode") return { type, place: reader.bytes(PLACE_BYTES) };
  if (type === "addProvider") return { type, record: reader.rest() };
  if (type === "unknown") throw new MalformedError("A question is of no known type");
  const service = reader.text8();
  if (!isServiceName(service)) throw new MalformedError("The name of a service is none");
  return { type, service };
}

function answerFrom(type: Answer["type"], reader: ByteReader, book: PeerBook): Answer {
  if (type === "findNode") return { type, peers: readPeers(reader, book) };
  if (type === "findProviders") {
    const records = readRecords(reader);
    return { type, records, peers: readPeers(reader, book) };
  }
  if (type !== "addProvider") return { type };
  const verdict = VERDICTS[reader.u8()];
  if (!verdict) throw new MalformedError("A verdict is none");
  const later = reader.bytes(reader.u16());
  return later.byteLength > 0 ? { type, verdict, later } : { type, verdict };
}

function readType(reader: ByteReader): Answer["type"] {
  const type = TYPES[reader.u8()];
  if (!type) throw new MalformedError("A message is of no known type");
  return type;
}

function peersWithRoom(peers: readonly Peer[]): readonly Peer[] {
  let most = Math.min(peers.length, meshLimits.bucketNodes);
  while (lengthOf(peers.slice(0, most)) > meshLimits.answerContactsBytes) most--;
  return peers.slice(0, most);
}

/** Bytes of peers, each behind its length: so one that was read before need not be parsed. */
function lengthOf(peers: readonly Peer[]): number {
  let length = 0;
  for (const { bytes } of peers) length += 2 + bytes.byteLength;
  return length;
}

/** Reads what is left without a view for each: nine of ten messages are made of this. */
function readPeers(reader: ByteReader, book: PeerBook): Peer[] {
  const count = reader.u8();
  if (count > meshLimits.bucketNodes) throw new MalformedError(`A list has ${count} nodes`);
  const bytes = reader.rest();
  const peers: Peer[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const start = at + 2;
    at = start + (bytes[at] << 8 | bytes[at + 1]); // what isn't there is 0, and makes a contact that is too short
    if (at > bytes.byteLength) throw new MalformedError("A contact is cut off");
    peers.push(book.read(bytes, start, at));
  }
  if (at < bytes.byteLength) throw new MalformedError(`${bytes.byteLength - at} bytes are left over`);
  return peers;
}

function readRecords(reader: ByteReader): Uint8Array<ArrayBuffer>[] {
  return Array.from({ length: reader.u16() }, () => reader.bytes(reader.u16()));
}
