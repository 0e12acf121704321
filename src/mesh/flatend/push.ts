/**
 * One request of ours to a service of a flatend node. The wire has no word for "never mind": a body that broke off gets no
 * end, because it would be taken for whole.
 */

import { MalformedError } from "../../bytes/byte_reader.ts";
import type { Source } from "../../bytes/source.ts";
import { FlatendError } from "./flatend_error.ts";
import { Inflow } from "./inflow.ts";
import type { Packet } from "./packets.ts";
import { sendWhole } from "./send_body.ts";
import type { StreamsOptions } from "./streams_options.ts";

/** The beginning of an answer. */
export type AnswerPacket = Extract<Packet, { type: "response" }>;

/** One request. */
export class Push {
  readonly id: number;
  /** The answer, which comes in pieces. */
  readonly body: Inflow;
  readonly #options: StreamsOptions;
  readonly #head = Promise.withResolvers<AnswerPacket>();
  readonly #onOver: (push: Push) => void;
  #source: Source | undefined;
  #hasHead = false;
  /** All of the request is on its way. */
  #isSent = false;
  #isGivenUp = false;
  #isOver = false;
  #stopClock = () => {};

  constructor(id: number, options: StreamsOptions, onOver: (push: Push) => void) {
    const { gauge, clock, idleMs } = options;
    this.id = id;
    this.#options = options;
    this.#onOver = onOver;
    this.body = new Inflow({
      gauge,
      clock,
      idleMs,
      isExcused: () => !this.#isSent,
      silence: () => new FlatendError("timeout"),
      stuck: () => new FlatendError("broken", { cause: new Error("Nobody read the answer") }),
      onGivenUp: () => this.#giveUp(),
    });
  }

  /** The beginning of the answer; rejects when there is none. */
  get head(): Promise<AnswerPacket> {
    return this.#head.promise;
  }

  /** Sends the request. What goes wrong is told by `head` and `body`. */
  async send(head: Uint8Array, body: Source | undefined): Promise<void> {
    this.#source = body;
    try {
      this.#isSent = await sendWhole(this.#options.connection, this.id, head, body, () => !this.#isGivenUp);
      if (!this.#isSent) this.#options.onBroken();
      else if (!this.#isOver && !this.#hasHead) this.#waitForHead();
    } catch (error) {
      this.fail(error as Error);
      this.#options.onBroken();
    }
  }

  /** The beginning of the answer came. */
  onHead(packet: AnswerPacket): void {
    if (this.#hasHead) throw new MalformedError(`Two answers came to the request ${this.id}`);
    this.#hasHead = true;
    this.#stopClock();
    this.#head.resolve(packet);
    if (packet.handled) return;
    this.#source?.cancel(); // its end may be told: nobody reads it
    this.#over();
  }

  /** A piece of the answer came. */
  onData(bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.#hasHead) throw new MalformedError(`The answer to the request ${this.id} has no beginning`);
    if (bytes.byteLength > 0) return this.body.push(bytes);
    this.body.end();
    this.#over();
  }

  /** There will be no answer, or no more of it. */
  fail(error: Error): void {
    if (this.#isOver) return;
    this.#head.reject(error);
    this.body.fail(error);
    this.#giveUp();
  }

  #waitForHead(): void {
    const { clock, idleMs } = this.#options;
    this.#stopClock = clock.after(idleMs, () => this.fail(new FlatendError("timeout")));
  }

  /** Nobody wants the answer any more, nor the rest of the request. */
  #giveUp(): void {
    if (this.#isOver) return;
    this.#isGivenUp = true;
    this.#source?.cancel();
    this.#over();
  }

  #over(): void {
    this.#isOver = true;
    this.#stopClock();
    this.#onOver(this);
  }
}
