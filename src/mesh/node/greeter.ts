/** Turns links into sessions. */

import type { Clock } from "../clock.ts";
import type { Identity } from "../identity.ts";
import { meshLimits } from "../limits.ts";
import type { NodeId } from "../node_id.ts";
import { greet, type Greeted, type GreetOptions, identify, plainGreet, plainIdentify } from "../session/greet.ts";
import { Session, type SessionHandler } from "../session/session.ts";
import type { Link } from "../transport/link.ts";

/** Who greets, and whom it lets in. */
export interface GreeterOptions {
  readonly identity: Identity;
  readonly networkKey: Uint8Array | undefined;
  /** Nodes that may join; undefined for all. */
  readonly allow: ReadonlySet<NodeId> | undefined;
  readonly clock: Clock;
  /** No cryptography: for simulations. */
  readonly insecure: boolean;
}

/** Greets for one node. */
export class Greeter {
  readonly #options: GreeterOptions;

  constructor(options: GreeterOptions) {
    this.#options = options;
  }

  /**
   * Greets who is at the other end of a link.
   *
   * @param expected who is to be there, of a link that was dialled; undefined for anybody
   * @throws {MeshError} when it is nobody, somebody else, or not allowed
   */
  greet(link: Link, initiator: boolean, signal: AbortSignal, expected?: NodeId): Promise<Greeted> {
    const { insecure } = this.#options;
    const options = this.#how(initiator, signal, expected);
    return insecure ? plainGreet(link, { ...options, insecure }) : greet(link, options);
  }

  /**
   * Finds out who is at the other end of a link that was dialled, and ends it.
   *
   * @throws {MeshError} when it is nobody, or somebody else
   */
  identify(link: Link, signal: AbortSignal, expected: NodeId): Promise<NodeId> {
    const { insecure } = this.#options;
    const options = this.#how(true, signal, expected);
    return insecure ? plainIdentify(link, { ...options, insecure }) : identify(link, options);
  }

  #how(initiator: boolean, signal: AbortSignal, expected: NodeId | undefined): GreetOptions {
    const { identity, networkKey, allow, clock } = this.#options;
    return {
      ...{ initiator, identity, networkKey, expected, clock, signal, timeoutMs: meshLimits.greetMs },
      allow: allow && ((id) => allow.has(id)),
    };
  }

  /** Begins a session over a link that was greeted. */
  session(link: Link, greeted: Greeted, initiator: boolean, handler: SessionHandler): Session {
    const { remote, sendKey, sendNonce, receiveKey, receiveNonce } = greeted;
    const session = new Session({
      ...{ link, remote, isInitiator: initiator, clock: this.#options.clock, handler },
      send: { key: sendKey, nonce: sendNonce },
      receive: { key: receiveKey, nonce: receiveNonce },
    });
    greeted.handOver(session);
    return session;
  }
}
