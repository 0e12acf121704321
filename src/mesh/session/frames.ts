/**
 * Frames: what one message of a session holds, one after another and each of them whole.
 *
 *     type and END (1 byte) | stream (4) | length (2) | payload
 *
 * Streams of the side that began the session have odd numbers, those of the other even ones; each is used once. Stream 0
 * is the session itself.
 */

/** What a frame is. */
export const FrameType = {
  /** Begins a stream: its kind, and the head of what is asked. */
  open: 1,
  /** The head of the answer. */
  head: 2,
  /** Some of a body. */
  data: 3,
  /** Fields behind a body, which end it. */
  trailers: 4,
  /** Ends a stream both ways, before its time: a code, and words for people. */
  reset: 5,
  /** Asks for no more of a body. */
  stop: 6,
  /** Lets so many more bytes be sent on a stream. */
  window: 7,
  /** Asks for the same bytes back. */
  ping: 8,
  /** They are. */
  pong: 9,
  /** No new streams will be opened, nor taken once it is known; those under way go on. */
  goAway: 10,
  /** A question to the node; the number is the asker's. */
  ask: 11,
  /** The answer with the number of the question. */
  tell: 12,
} as const;

/** One of these. */
export type FrameType = typeof FrameType[keyof typeof FrameType];

/** True for frames of a stream that was begun before. */
export function isOfStream(type: number): boolean {
  return type >= FrameType.head && type <= FrameType.window;
}

/** Bytes of a frame before its payload. */
export const FRAME_HEAD_BYTES = 7;

/** Set in the type of the last frame that a side sends on a stream. */
export const END = 0x80;

/** A frame that came. */
export interface Frame {
  readonly type: number;
  readonly isLast: boolean;
  readonly stream: number;
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** Writes what stands before a payload. @returns where that begins */
export function writeFrameHead(
  buffer: Uint8Array,
  at: number,
  type: number,
  stream: number,
  length: number,
): number {
  buffer[at] = type;
  buffer[at + 1] = stream >>> 24;
  buffer[at + 2] = stream >>> 16;
  buffer[at + 3] = stream >>> 8;
  buffer[at + 4] = stream;
  buffer[at + 5] = length >>> 8;
  buffer[at + 6] = length;
  return at + FRAME_HEAD_BYTES;
}

/**
 * Gives the frames of a message, until the taker wants no more.
 *
 * @returns false when the message does not end with a frame
 */
export function eachFrame(message: Uint8Array<ArrayBuffer>, take: (frame: Frame) => boolean): boolean {
  let at = 0;
  while (at < message.byteLength) {
    if (message.byteLength - at < FRAME_HEAD_BYTES) return false;
    const stream = (message[at + 1] << 24 | message[at + 2] << 16 | message[at + 3] << 8 | message[at + 4]) >>> 0;
    const start = at + FRAME_HEAD_BYTES;
    const end = start + (message[at + 5] << 8 | message[at + 6]);
    if (end > message.byteLength) return false;
    const first = message[at];
    const frame = { type: first & ~END, isLast: (first & END) !== 0, stream, payload: message.subarray(start, end) };
    if (!take(frame)) return true;
    at = end;
  }
  return true;
}
