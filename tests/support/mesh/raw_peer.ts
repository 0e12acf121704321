/** The other side of a session, which says whatever a test wants it to say. */

import { eachFrame, END, FRAME_HEAD_BYTES, type FrameType, writeFrameHead } from "../../../src/mesh/session/frames.ts";
import { MessageSplitter } from "../../../src/mesh/session/message_splitter.ts";
import { Opener, Sealer } from "../../../src/mesh/session/seal.ts";
import type { LinkReceiver } from "../../../src/mesh/transport/link.ts";
import { linkPair, type LinkPairOptions, type MemoryLink } from "./link_pair.ts";
import { ManualClock } from "./manual_clock.ts";
import { type Bytes, End, type Keys, newKeys } from "./session_pair.ts";

/** A frame, as it is written in tests. */
export interface RawFrame {
  readonly type: number;
  readonly stream: number;
  readonly payload: Bytes;
  readonly isLast: boolean;
}

/** Makes the bytes of a frame. */
export function frame(type: number, stream: number, payload: Bytes = new Uint8Array(0), isLast = false): Bytes {
  const bytes = new Uint8Array(FRAME_HEAD_BYTES + payload.byteLength);
  writeFrameHead(bytes, 0, isLast ? type | END : type, stream, payload.byteLength);
  bytes.set(payload, FRAME_HEAD_BYTES);
  return bytes;
}

/** It has begun the session, so that its streams are odd. */
export class RawPeer implements LinkReceiver {
  readonly link: MemoryLink;
  /** Frames that came, unless `onFrame` takes them. */
  readonly frames: RawFrame[] = [];
  onFrame: (frame: RawFrame) => void = (frame) => this.frames.push(frame);
  isClosed = false;
  readonly #splitter = new MessageSplitter();
  readonly #sealer: Sealer;
  readonly #opener: Opener;

  constructor(link: MemoryLink, keys: Keys) {
    const fail = (error: unknown) => {
      throw error;
    };
    this.link = link;
    this.#sealer = new Sealer(keys.send, (message) => link.write(message), fail);
    this.#opener = new Opener(keys.receive, (plain) => this.#take(plain), fail);
    link.open(this);
  }

  /** Sends a message of these frames. */
  send(...frames: Bytes[]): void {
    const message = new Uint8Array(frames.reduce((sum, { byteLength }) => sum + byteLength, 0));
    let at = 0;
    for (const bytes of frames) {
      message.set(bytes, at);
      at += bytes.byteLength;
    }
    this.#sealer.seal(message);
  }

  /** What came of one type. */
  got(type: FrameType): RawFrame[] {
    return this.frames.filter((frame) => frame.type === type);
  }

  onBytes(bytes: Bytes): void {
    this.#splitter.push(bytes, (message) => this.#opener.open(message));
  }

  onDrain(): void {}

  onClose(): void {
    this.isClosed = true;
  }

  #take(plain: Bytes): void {
    eachFrame(plain, ({ payload, ...frame }) => {
      this.onFrame({ ...frame, payload: payload.slice() });
      return true;
    });
  }
}

/** A session whose other side is raw. */
export function rawPair(
  options: LinkPairOptions & { readonly keys?: Keys } = {},
): { peer: RawPeer; end: End<MemoryLink>; clock: ManualClock } {
  const { keys = newKeys() } = options;
  const clock = new ManualClock();
  const [one, other] = linkPair(options);
  const end = new End(other, { keys, isInitiator: false, clock });
  return { peer: new RawPeer(one, keys), end, clock };
}
