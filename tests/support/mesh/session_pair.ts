/** Two ends of a session in memory, with keys as they come of a handshake. */

import type { Clock } from "../../../src/mesh/clock.ts";
import type { MeshError } from "../../../src/mesh/mesh_error.ts";
import type { MeshStream } from "../../../src/mesh/session/mesh_stream.ts";
import type { SealKey } from "../../../src/mesh/session/seal.ts";
import { Session } from "../../../src/mesh/session/session.ts";
import type { Link } from "../../../src/mesh/transport/link.ts";
import { linkPair, type LinkPairOptions, type MemoryLink } from "./link_pair.ts";
import { ManualClock } from "./manual_clock.ts";

export type Bytes = Uint8Array<ArrayBuffer>;

/** A stream that the other side began. */
export interface Begun {
  readonly stream: MeshStream;
  readonly head: Bytes;
}

/** Both keys of a session, as its initiator has them. */
export interface Keys {
  readonly send: SealKey;
  readonly receive: SealKey;
}

/** Keys for one session. */
export function newKeys(nonce = 0): Keys {
  const key = () => ({ key: crypto.getRandomValues(new Uint8Array(32)), nonce });
  return { send: key(), receive: key() };
}

/** For tests that end while other threads seal and open: these go on, and nobody is told when they are done. */
export const cutShort = { sanitizeOps: false } as const;

/** No keys, as in simulations: nothing waits for other threads. */
export const noKeys: Keys = { send: { key: undefined, nonce: 0 }, receive: { key: undefined, nonce: 0 } };

/** How an end is made. */
export interface EndOptions {
  readonly keys: Keys;
  readonly isInitiator: boolean;
  readonly clock: Clock;
}

/** One end, and what came to it. */
export class End<Way extends Link = Link> {
  readonly session: Session;
  readonly link: Way;
  readonly begun: Begun[] = [];
  readonly questions: Bytes[] = [];
  /** What its session ended with; more than one is an error. */
  readonly ends: MeshError[] = [];
  onStream: (begun: Begun) => void = () => {};
  onAsk: (question: Bytes) => Bytes | Promise<Bytes> = (question) => question;
  #waiting: ((begun: Begun) => void)[] = [];
  #taken = 0;

  constructor(link: Way, { keys, isInitiator, clock }: EndOptions) {
    this.link = link;
    const [send, receive] = isInitiator ? [keys.send, keys.receive] : [keys.receive, keys.send];
    this.session = new Session({
      ...{ link, remote: "somebody", isInitiator, send, receive, clock },
      handler: {
        onStream: (stream, head) => this.#begin({ stream, head }),
        onAsk: (question) => {
          this.questions.push(question);
          return this.onAsk(question);
        },
        onClose: (_, error) => this.ends.push(error),
      },
    });
    link.open(this.session);
  }

  /** The next stream that the other side begins. */
  next(): Promise<Begun> {
    const begun = this.begun[this.#taken++];
    return begun ? Promise.resolve(begun) : new Promise((resolve) => this.#waiting.push(resolve));
  }

  #begin(begun: Begun): void {
    this.begun.push(begun);
    this.onStream(begun);
    this.#waiting.shift()?.(begun);
  }
}

/** Both ends. */
export interface SessionPair {
  readonly clock: ManualClock;
  readonly keys: Keys;
  /** Has begun the session. */
  readonly a: End<MemoryLink>;
  readonly b: End<MemoryLink>;
}

/** Makes a pair. */
export function sessionPair(options: LinkPairOptions & { readonly keys?: Keys } = {}): SessionPair {
  const clock = new ManualClock();
  const keys = options.keys ?? newKeys();
  const [one, other] = linkPair(options);
  const a = new End(one, { keys, isInitiator: true, clock });
  const b = new End(other, { keys, isInitiator: false, clock });
  return { clock, keys, a, b };
}

/** Waits until nothing that was sent is under way any more: an answer comes behind all that was sent before. */
export async function quiet({ a, b }: { readonly a: End; readonly b: End }): Promise<void> {
  const question = Uint8Array.of(1);
  for (let turn = 0; turn < 2; turn++) await Promise.all([a.session.ask(question), b.session.ask(question)]);
}

/** The head of an answer, when it comes. */
export function headOf(stream: MeshStream): Promise<Bytes> {
  return new Promise((resolve, reject) => stream.listener = { onHead: resolve, onBroken: reject });
}

/** All of a body. */
export async function bodyOf(stream: MeshStream): Promise<Bytes> {
  const chunks: Bytes[] = [];
  for (let chunk = await stream.read(); chunk; chunk = await stream.read()) chunks.push(chunk);
  const body = new Uint8Array(chunks.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.byteLength;
  }
  return body;
}

/** Bytes that tell where they stood. */
export function patterned(length: number, seed = 0): Bytes {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >>> 8) * 7 + (i >>> 16) + seed) & 0xff;
  return bytes;
}

/** Sends a body, at the pace of its reader. @returns whether all of it was wanted */
export async function sendAll({ sender }: MeshStream, body: Bytes, chunkBytes = 64 * 1024): Promise<boolean> {
  for (let at = 0; at < body.byteLength; at += chunkBytes) {
    if (!await sender.put(body.subarray(at, at + chunkBytes))) return false;
  }
  sender.close();
  return true;
}
