/** What a question to a node is about: its first byte. */

import { ByteWriter } from "../../bytes/byte_writer.ts";

export const QuestionKind = {
  /** How who asks is reached, and what it needs. */
  hello: 0,
  /** An address of who is asked was dialled, and it was there. */
  proven: 1,
  /** Who is where, and who offers what. */
  directory: 2,
  /** Who asks is about to leave: it finishes what it has begun. */
  leaving: 3,
} as const;

/** Puts the kind before a question. */
export function questionOf(kind: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  return new ByteWriter(1 + payload.byteLength).u8(kind).bytes(payload).done();
}
