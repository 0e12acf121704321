/** Asks other nodes, and tells whoever keeps the table what came of it. */

import { MalformedError } from "../../bytes/byte_reader.ts";
import type { Contact } from "../contact.ts";
import { type Answer, readAnswer, writeQuestion } from "./messages.ts";
import type { Peer, PeerBook } from "./peer.ts";
import type { Placed } from "./place.ts";

/** How questions get to other nodes. */
export interface DirectoryNetwork {
  /**
   * Asks a node.
   *
   * @returns its answer; that it is this node has been proven
   * @throws when it can't be reached, is another one, or does not answer in time
   */
  ask(contact: Contact, question: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
}

/** What becomes of questions. */
export interface AskerEffects {
  /** A node answered as it should. @param wallMs what time it has */
  answered(peer: Peer, wallMs: number): void;
  /** It did not. */
  failed(peer: Peer): void;
}

type AnswerOf<Type extends Answer["type"]> = Answer & { readonly type: Type };

const PING = writeQuestion({ type: "ping" });

/** Asks for one node. */
export class Asker {
  readonly #network: DirectoryNetwork;
  readonly #book: PeerBook;
  readonly #effects: AskerEffects;

  constructor(network: DirectoryNetwork, book: PeerBook, effects: AskerEffects) {
    this.#network = network;
    this.#book = book;
    this.#effects = effects;
  }

  /** Whether a node is there. */
  ping(peer: Peer): Promise<boolean> {
    return this.#ask(peer, PING, "ping").then(() => true, () => false); // the effects were told
  }

  /** Whom it knows near a place. */
  findNode(peer: Peer, { place }: Placed): Promise<readonly Peer[]> {
    return this.#ask(peer, writeQuestion({ type: "findNode", place }), "findNode").then(({ peers }) => peers);
  }

  /** Who offers a service. */
  findProviders(peer: Peer, service: string): Promise<AnswerOf<"findProviders">> {
    return this.#ask(peer, writeQuestion({ type: "findProviders", service }), "findProviders");
  }

  /** Gives it a record to keep. */
  addProvider(peer: Peer, record: Uint8Array<ArrayBuffer>): Promise<AnswerOf<"addProvider">> {
    return this.#ask(peer, writeQuestion({ type: "addProvider", record }), "addProvider");
  }

  #ask<Type extends Answer["type"]>(
    peer: Peer,
    question: Uint8Array<ArrayBuffer>,
    type: Type,
  ): Promise<AnswerOf<Type>> {
    return this.#network.ask(peer, question).then((bytes) => {
      const { wallMs, answer } = readAnswer(bytes, this.#book);
      if (!isOf(answer, type)) throw new MalformedError("An answer is of another type than its question");
      this.#effects.answered(peer, wallMs);
      return answer;
    }).catch((error) => {
      this.#effects.failed(peer);
      throw error;
    });
  }
}

function isOf<Type extends Answer["type"]>(answer: Answer, type: Type): answer is AnswerOf<Type> {
  return answer.type === type;
}
