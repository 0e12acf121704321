/** A caller, a node in between, and the one that is called, with their sessions. */

import { Relay, relayLink } from "../../../src/mesh/node/relay.ts";
import { type NodeId, nodeIdOf } from "../../../src/mesh/node_id.ts";
import type { Session } from "../../../src/mesh/session/session.ts";
import type { Link } from "../../../src/mesh/transport/link.ts";
import { quiet, type SessionPair, sessionPair } from "../../support/mesh/session_pair.ts";

/** Names of nodes. */
export const [callee, absent] = [1, 2].map((byte) => nodeIdOf(new Uint8Array(32).fill(byte)));

/** The three. */
export class Passage {
  /** The caller's session with the node between, and the one of that with the callee. */
  readonly first: SessionPair = sessionPair();
  readonly second: SessionPair = sessionPair();
  /** Links that came to the callee, and to the node between. */
  readonly links: Link[] = [];
  readonly ownLinks: Link[] = [];
  /** What the relay has thrown. */
  readonly errors: unknown[] = [];
  #wake = () => {};

  constructor() {
    const { clock } = this.first;
    const sessionOf = (id: NodeId) => id === callee ? this.second.a.session : undefined;
    const middle = new Relay({ clock, sessionOf, onLink: (link) => this.ownLinks.push(link) });
    const last = new Relay({
      clock,
      sessionOf: () => undefined,
      onLink: (link) => {
        this.links.push(link);
        this.#wake();
      },
    });
    this.#take(this.first.b, middle);
    this.#take(this.second.a, middle);
    this.#take(this.second.b, last);
  }

  /** A link from the caller to the callee: both ends. */
  async connect(): Promise<readonly [Link, Link]> {
    const count = this.links.length;
    const near = relayLink(this.first.a.session, callee, this.first.clock);
    while (this.links.length === count) await new Promise<void>((resolve) => this.#wake = resolve);
    return [near, this.links[count]];
  }

  /** Waits until nothing is under way any more. */
  async quiet(): Promise<void> {
    for (let turn = 0; turn < 2; turn++) for (const pair of [this.first, this.second]) await quiet(pair);
  }

  #take(end: { readonly session: Session; onStream: SessionPair["a"]["onStream"] }, relay: Relay): void {
    end.onStream = ({ stream, head }) => {
      try {
        relay.take(stream, head, end.session);
      } catch (error) {
        this.errors.push(error);
        stream.reset(4);
      }
    };
  }
}
