/** One connection with another hub, whoever of the two has made it. */

import { limits } from "../../limits.ts";
import { charsOf } from "../federation/origin.ts";
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

/** A message that waits for its turn. */
interface Waiting {
  readonly message: PeerMessage;
  readonly chars: number;
  /** Its parts, once its turn has come. */
  parts: Iterator<PeerMessage> | undefined;
}

/** One connection. */
export class PeerSession {
  readonly other: Other;
  readonly #joiner = new Joiner();
  /** What waits until the other side has taken what is ahead of it. */
  readonly #waiting: Waiting[] = [];
  #chars = 0;

  constructor(other: Other) {
    this.other = other;
    other.link.onRoom = () => this.#pump();
  }

  /** Says something to the other hub. What is too much is left out: a gap shows at the other side, which asks for it. */
  send(message: PeerMessage): void {
    // All rows of an origin are looked up when their turn comes: whoever asks twice until then is told as much by one.
    if (message.type === "full" && this.#waiting.some((other) => !other.parts && isSame(other.message, message))) {
      return;
    }
    const chars = message.type === "delta" ? message.changes.reduce((sum, change) => sum + charsOf(change), 0) : 0;
    if (this.#waiting.length >= limits.registryPeerMessages || this.#chars + chars > limits.registryPeerChars) return;
    this.#waiting.push({ message, chars, parts: undefined });
    this.#chars += chars;
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
      const [first] = this.#waiting;
      first.parts ??= split(first.message);
      const { done, value } = first.parts.next();
      if (!done) link.send(sealer.seal(value));
      else this.#chars -= this.#waiting.shift()!.chars;
    }
  }
}

/** All rows of the same life of one origin. */
function isSame(a: PeerMessage, b: PeerMessage & { readonly type: "full" }): boolean {
  return a.type === "full" && a.hub === b.hub && a.start === b.start;
}
