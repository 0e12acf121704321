/**
 * A session: streams and questions between two nodes that know each other, over one connection.
 *
 *     open --- goAway, by either side: no new streams ---> ending --- both have said it, all is over ---> closed
 *      |                                                     |
 *      +-------- the connection breaks, a message is none, no sign of life comes -----------------------> closed
 *
 * Whoever is told goAway says it too. What was begun on the way between the two is taken, and not lost.
 */

import type { Clock } from "../clock.ts";
import { meshLimits } from "../limits.ts";
import { MeshError } from "../mesh_error.ts";
import type { NodeId } from "../node_id.ts";
import type { Link, LinkReceiver } from "../transport/link.ts";
import { Answers } from "./answers.ts";
import { eachFrame, type Frame, FrameType, isOfStream } from "./frames.ts";
import { LifeSign } from "./life_sign.ts";
import { MeshStream, type StreamHost } from "./mesh_stream.ts";
import { Outbox } from "./outbox.ts";
import { Questions } from "./questions.ts";
import { GrowthPool } from "./receive_window.ts";
import { ResetCode } from "./reset_code.ts";
import type { SealKey } from "./seal.ts";
import { SealedLink } from "./sealed_link.ts";
import { checkLength } from "./stream_sender.ts";
import { StreamTable } from "./stream_table.ts";

/** What a session is made of. */
export interface SessionParts {
  readonly link: Link;
  /** Who is at the other end. */
  readonly remote: NodeId;
  /** We have begun it. */
  readonly isInitiator: boolean;
  readonly send: SealKey;
  readonly receive: SealKey;
  readonly clock: Clock;
  readonly handler: SessionHandler;
}

/** Takes what the other side wants. */
export interface SessionHandler {
  /** It began a stream. */
  onStream(stream: MeshStream, head: Uint8Array<ArrayBuffer>, session: Session): void;
  /** It asked a question. @returns the answer; whatever is thrown is not told */
  onAsk(question: Uint8Array<ArrayBuffer>, session: Session): Uint8Array | Promise<Uint8Array>;
  /** The session is over. */
  onClose(session: Session, error: MeshError): void;
}

const EMPTY = new Uint8Array(0);

/** One end of a session. */
export class Session implements LinkReceiver {
  readonly remote: NodeId;
  /** The other end's IP address; undefined in memory, and through other nodes. */
  readonly remoteHost: string | undefined;
  readonly isInitiator: boolean;
  readonly #link: SealedLink;
  readonly #clock: Clock;
  readonly #handler: SessionHandler;
  readonly #outbox: Outbox;
  readonly #questions: Questions;
  readonly #answers: Answers;
  readonly #life: LifeSign;
  readonly #streams: StreamTable;
  readonly #streamHost: StreamHost;
  readonly #closed = Promise.withResolvers<void>();
  /** We have said goAway. */
  #isEnding = false;
  #takesUntilMs = Infinity; // until then, the other side may not know
  /** The other side has said it. */
  #isTold = false;
  #stopGoodbye: (() => void) | undefined;
  #usedMs: number;
  #error: MeshError | undefined;

  constructor({ link, remote, isInitiator, send, receive, clock, handler }: SessionParts) {
    this.remote = remote;
    this.remoteHost = link.remoteHost;
    this.isInitiator = isInitiator;
    this.#clock = clock;
    this.#handler = handler;
    this.#usedMs = clock.nowMs();
    this.#link = new SealedLink({
      ...{ link, send, receive },
      host: {
        take: (plain) => this.#take(plain),
        advance: () => this.#outbox.flush(),
        fail: () => this.#violate("A message of the session was changed on its way"),
        close: (cause) => this.#over(new MeshError("closed", "The connection to the node broke", { cause })),
      },
    });
    this.#outbox = new Outbox({
      canSend: () => this.#link.hasRoom,
      send: (frames) => this.#link.send(frames),
      flushed: () => this.#endWhenIdle(),
      overflow: () => this.#violate("The node takes nothing of what it asks for"),
    });
    this.#questions = new Questions(clock);
    this.#answers = new Answers({
      answer: (question) => this.#handler.onAsk(question, this),
      tell: (id, payload) => this.#outbox.control(FrameType.tell, id, payload),
    });
    this.#life = new LifeSign(clock, {
      ping: () => this.#outbox.control(FrameType.ping, 0, EMPTY),
      dead: () => this.destroy(new MeshError("timeout", "The node gave no sign of life")),
    });
    this.#streams = new StreamTable(isInitiator);
    this.#streamHost = {
      growth: new GrowthPool(),
      nowMs: () => clock.nowMs(),
      wake: (sender) => this.#outbox.wake(sender),
      control: (type, stream, payload) => this.#outbox.control(type, stream, payload),
      forget: (stream) => this.#forget(stream),
    };
  }

  /** New streams can be begun. */
  get isOpen(): boolean {
    return !this.#error && !this.#isEnding;
  }

  /** Streams and questions under way. */
  get load(): number {
    return this.#error ? 0 : this.#streams.size + this.#questions.size + this.#answers.size;
  }

  /** When something was last begun on it, by its clock. */
  get usedMs(): number {
    return this.#usedMs;
  }

  /** Resolves when it is over. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /**
   * Begins a stream.
   *
   * @throws {MeshError} when the session takes no more
   * @throws {RangeError} when the head is too long
   */
  open(head: Uint8Array<ArrayBuffer>): MeshStream {
    if (!this.isOpen) throw this.#error ?? ending();
    if (this.#streams.isFull) {
      throw new MeshError("refused", `The node has ${meshLimits.streams} calls of ours under way, and takes no more`);
    }
    checkLength("head", head);
    const stream = this.#begin(this.#streams.next());
    stream.sender.head(FrameType.open, head);
    if (this.#streams.isUsedUp) this.close();
    return stream;
  }

  /**
   * Asks the node something.
   *
   * @throws {MeshError} when there is no answer
   * @throws {RangeError} when the question is too long
   */
  ask(question: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    if (!this.isOpen) return Promise.reject(this.#error ?? ending());
    this.#usedMs = this.#clock.nowMs();
    return this.#questions.ask(question, (id) => this.#outbox.control(FrameType.ask, id, question));
  }

  /** Begins no more streams, and ends when those under way are over. */
  close(): void {
    if (this.#error || this.#isEnding) return;
    this.#isEnding = true;
    this.#takesUntilMs = this.#clock.nowMs() + meshLimits.goodbyeMs;
    this.#outbox.control(FrameType.goAway, 0, EMPTY);
  }

  /** Ends it now. */
  destroy(error: MeshError): void {
    if (this.#error) return;
    this.#link.destroy();
    this.#over(error);
  }

  /** Keeps nothing of the bytes when it returns: they may change afterwards. */
  onBytes(bytes: Uint8Array<ArrayBuffer>): void {
    this.#life.heard();
    this.#link.onBytes(bytes);
  }

  onDrain(): void {
    this.#link.onDrain();
  }

  onClose(error?: Error): void {
    this.#link.onClose(error);
  }

  #take(plain: Uint8Array<ArrayBuffer>): void {
    if (!eachFrame(plain, (frame) => this.#takeFrame(frame))) this.#violate("A message does not end with a frame");
  }

  /** @returns whether to go on */
  #takeFrame(frame: Frame): boolean {
    const { type, stream: id, payload } = frame;
    switch (type) {
      case FrameType.open:
        this.#takeOpen(frame);
        break;
      case FrameType.ping:
        this.#outbox.control(FrameType.pong, 0, payload.slice());
        break;
      case FrameType.pong:
        break;
      case FrameType.goAway:
        this.#isTold = true;
        this.close();
        this.#endWhenIdle();
        break;
      case FrameType.ask:
        this.#usedMs = this.#clock.nowMs();
        this.#answers.take(id, payload.slice());
        break;
      case FrameType.tell:
        if (!this.#questions.answered(id, payload)) this.#violate("An answer came to no question");
        break;
      default:
        this.#takeStreamFrame(frame);
    }
    return !this.#error;
  }

  #takeStreamFrame(frame: Frame): void {
    const { type, stream: id } = frame;
    if (!isOfStream(type)) return this.#violate("A frame is of no known type");
    if (!this.#streams.isKnown(id)) return this.#violate("A frame is of a stream that was not begun");
    const stream = this.#streams.get(id);
    if (!stream) return; // it was on its way when the stream ended
    if (!stream.take(frame)) this.#violate("A frame is not allowed at its place, or is larger than it may be");
  }

  #takeOpen({ stream: id, isLast, payload }: Frame): void {
    if (!this.#streams.use(id)) return this.#violate("A stream was begun that is not new");
    // Until the other side can know of the end, it was begun on its way.
    if (this.#isTold || this.#clock.nowMs() > this.#takesUntilMs) return this.#refuse(id, ResetCode.ending);
    if (this.#streams.isFullOfTheirs) return this.#refuse(id, ResetCode.overloaded);
    const stream = this.#begin(id);
    if (isLast) stream.endEmpty();
    this.#handler.onStream(stream, payload.slice(), this);
  }

  #begin(id: number): MeshStream {
    this.#stopGoodbye?.();
    this.#stopGoodbye = undefined;
    const stream = new MeshStream(id, this.#streams.isOurs(id), this.#streamHost);
    this.#streams.add(stream);
    this.#usedMs = this.#clock.nowMs();
    return stream;
  }

  #refuse(id: number, code: ResetCode): void {
    this.#outbox.control(FrameType.reset, id, Uint8Array.of(code));
  }

  #forget(stream: MeshStream): void {
    this.#streams.remove(stream);
    this.#endWhenIdle();
  }

  #endWhenIdle(): void {
    if (!this.#isEnding || this.#error || this.load > 0 || !this.#outbox.isEmpty || !this.#link.isIdle) return;
    if (this.#isTold) return this.#end();
    this.#stopGoodbye ??= this.#clock.after(meshLimits.goodbyeMs, () => this.#end());
  }

  #end(): void {
    this.#link.end();
    this.#over(new MeshError("closed", "The session with the node has ended"));
  }

  #violate(what: string): void {
    this.destroy(new MeshError("protocol", what));
  }

  #over(error: MeshError): void {
    if (this.#error) return;
    this.#error = error;
    this.#stopGoodbye?.();
    this.#life.stop();
    this.#outbox.close();
    this.#questions.close(error);
    for (const stream of this.#streams.all()) stream.break(error);
    this.#handler.onClose(this, error);
    this.#closed.resolve();
  }
}

function ending(): MeshError {
  return new MeshError("closed", "The session with the node is ending");
}
