/** One connection with another hub, whoever of the two has made it. */

import { limits } from "../../limits.ts";
import type { PeerMessage } from "../federation/row.ts";
import { RegistryError } from "../registry_error.ts";
import type { Link } from "../wire/link.ts";
import { Joiner, split } from "../wire/parts.ts";
import { type Message, readPeerMessage } from "../wire/read_message.ts";
import type { Opener, Sealer } from "../wire/seal.ts";

/** What is known of the other side. */
export interface Other {
  readonly link: Link;
  /** Its id, and its start. */
  readonly hub: string;
  readonly start: number;
  /** We have called it. */
  readonly isCalled: boolean;
  readonly sealer: Sealer;
  readonly opener: Opener;
}

/** One connection. */
export class PeerSession {
  readonly other: Other;
  readonly #joiner = new Joiner();
  /** Messages that wait until the other side has taken what is ahead of them, each in its parts. */
  readonly #waiting: Iterator<PeerMessage>[] = [];

  constructor(other: Other) {
    this.other = other;
    other.link.onRoom = () => this.#pump();
  }

  /** Says something to the other hub. What is too much is left out: a gap shows at the other side, which asks for it. */
  send(message: PeerMessage): void {
    if (this.#waiting.length >= limits.registryLogMessages) return;
    this.#waiting.push(split(message));
    this.#pump();
  }

  /**
   * Reads what came.
   *
   * @returns undefined when it is a part of what is to come
   * @throws {RegistryError}
   */
  read(message: Message): PeerMessage | undefined {
    if (message.type !== "sealed") throw new RegistryError("signature", "What hubs say to each other has to be signed");
    const opened = this.other.opener.open(message);
    return this.#joiner.join(readPeerMessage(opened), opened.more === true);
  }

  #pump(): void {
    const { link, sealer } = this.other;
    while (this.#waiting.length > 0 && link.waiting < limits.registryAheadBytes) {
      const { done, value } = this.#waiting[0].next();
      if (done) this.#waiting.shift();
      else link.send(sealer.seal(value));
    }
  }
}
