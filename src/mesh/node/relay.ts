/**
 * Passes bytes on between nodes that can't reach each other. A caller opens a stream that names the node it wants; that
 * node gets one without a name, which is for itself. The two talk over it as over any connection, so that what they say is
 * sealed from end to end.
 */

import { MalformedError } from "../../bytes/byte_reader.ts";
import { ByteWriter } from "../../bytes/byte_writer.ts";
import type { Clock } from "../clock.ts";
import { meshLimits } from "../limits.ts";
import { type NodeId, nodeIdOf, PUBLIC_KEY_BYTES, publicKeyOf } from "../node_id.ts";
import { FrameType } from "../session/frames.ts";
import type { MeshStream } from "../session/mesh_stream.ts";
import { ResetCode } from "../session/reset_code.ts";
import type { Session } from "../session/session.ts";
import { StreamKind } from "../stream_kind.ts";
import type { Link } from "../transport/link.ts";
import { RelayLink } from "./relay_link.ts";

const EMPTY = new Uint8Array(0);

/** Opens a link to a node by another one, which keeps a session with it. */
export function relayLink(by: Session, target: NodeId, clock: Clock): Link {
  const head = new ByteWriter(1 + PUBLIC_KEY_BYTES).u8(StreamKind.relay).bytes(publicKeyOf(target)).done();
  return new RelayLink(by.open(head), clock);
}

/** What a relay needs of its node. */
export interface RelayHost {
  readonly clock: Clock;
  /** The session of a node that asked for being reached by us. */
  sessionOf(id: NodeId): Session | undefined;
  /** A link for us came by another node. */
  onLink(link: Link, by: NodeId): void;
}

/** Takes streams of the kind. */
export class Relay {
  readonly #host: RelayHost;
  /** Streams that are passed on from each session, and to each. */
  readonly #passed = new Map<Session, number>();

  constructor(host: RelayHost) {
    this.#host = host;
  }

  /**
   * Takes a stream.
   *
   * @throws {MalformedError} when its head is none
   */
  take(stream: MeshStream, head: Uint8Array<ArrayBuffer>, from: Session): void {
    if (head.byteLength === 1) return this.#takeLink(stream, from);
    if (head.byteLength !== 1 + PUBLIC_KEY_BYTES) throw new MalformedError("The head of a relayed stream is none");
    const to = this.#host.sessionOf(nodeIdOf(head.subarray(1)));
    if (!to || to === from) return stream.reset(ResetCode.noService, "The node is not here");
    const isTooMuch = [from, to].some((session) => (this.#passed.get(session) ?? 0) >= meshLimits.relayedStreams);
    if (isTooMuch) return stream.reset(ResetCode.overloaded);
    let onward: MeshStream;
    try {
      onward = to.open(new Uint8Array([StreamKind.relay]));
    } catch {
      return stream.reset(ResetCode.overloaded);
    }
    stream.sender.head(FrameType.head, EMPTY);
    for (const session of [from, to]) this.#count(session, 1);
    void join(stream, onward).then(() => {
      for (const session of [from, to]) this.#count(session, -1);
    });
  }

  /** A link for this node: many of one session are as good as many connections. */
  #takeLink(stream: MeshStream, from: Session): void {
    if ((this.#passed.get(from) ?? 0) >= meshLimits.relayedStreams) return stream.reset(ResetCode.overloaded);
    this.#count(from, 1);
    stream.sender.head(FrameType.head, EMPTY);
    const link = new RelayLink(stream, this.#host.clock, () => this.#count(from, -1));
    this.#host.onLink(link, from.remote);
  }

  #count(session: Session, more: 1 | -1): void {
    const count = (this.#passed.get(session) ?? 0) + more;
    if (count > 0) this.#passed.set(session, count);
    else this.#passed.delete(session);
  }
}

async function join(a: MeshStream, b: MeshStream): Promise<void> {
  a.listener = { onBroken: () => b.reset(ResetCode.cancelled) };
  b.listener = { onBroken: () => a.reset(ResetCode.cancelled) };
  await Promise.all([pass(a, b), pass(b, a)]);
}

async function pass(from: MeshStream, to: MeshStream): Promise<void> {
  try {
    for (let chunk = await from.read(); chunk; chunk = await from.read()) {
      const room = to.sender.put(chunk);
      if (!(room instanceof Promise ? await room : room)) break;
    }
    to.sender.close();
  } catch {
    to.reset(ResetCode.cancelled);
  }
}
