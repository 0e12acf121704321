/**
 * One WebSocket between a hub and somebody else: JSON messages both ways, those of one moment in one frame, a bound on
 * what waits to be sent, and signs of life. Whoever is silent for too long is gone; whoever takes nothing while much waits
 * for it is cut off.
 */

// @ts-types="../../net/ws.d.ts"
import type { WebSocket } from "ws";
import type { Buffer } from "node:buffer";
import { clearImmediate, setImmediate } from "node:timers";
import { limits } from "../../limits.ts";
import { RegistryError } from "../registry_error.ts";
import type { LinkEnd } from "./link_end.ts";
import type { Refused } from "./messages.ts";
import { type Message, parseFrame } from "./read_message.ts";

/** How often signs of life are given, and how long none may come. */
export interface Liveness {
  readonly heartbeatMs: number;
  readonly timeoutMs: number;
}

/** Policy violation (RFC 6455 §7.4.1): one side has refused what the other one said. */
export const REFUSED = 1008;

/** One link. */
export class Link {
  readonly #socket: WebSocket;
  readonly #closed = Promise.withResolvers<LinkEnd>();
  readonly #gone = Promise.withResolvers<void>();
  /** Messages of this moment. */
  #texts: string[] = [];
  #chars = 0;
  #flushing: ReturnType<typeof setImmediate> | undefined;
  #timedOut = false;
  #heardAt = performance.now();
  #timer: ReturnType<typeof setInterval> | undefined;
  #cutting: ReturnType<typeof setTimeout> | undefined;
  /** This side ends it. */
  #isEnding = false;
  /** Takes each message. What it throws as a `RegistryError` is told to the other side, and ends the link. */
  onMessage: (message: Message) => void = () => {};
  /** Told of an error in what takes messages: it is this link's alone. */
  onFault: (error: unknown) => void = () => {};
  /** Told when something that was sent has gone out, so that there may be room again. */
  onRoom: () => void = () => {};

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: Buffer, isBinary: boolean) => this.#take(data, isBinary));
    socket.on("error", () => {}); // it is told of by the close that follows
    socket.on("close", (code: number, reason: Buffer) => {
      clearInterval(this.#timer);
      clearTimeout(this.#cutting);
      clearImmediate(this.#flushing);
      this.#closed.resolve({ code, reason: reason.toString(), timedOut: this.#timedOut });
      this.#gone.resolve();
    });
  }

  /** How it ended, when it has; when this side ends it, as soon as it does, whatever the other side does then. */
  get closed(): Promise<LinkEnd> {
    return this.#closed.promise;
  }

  /** Told when nothing is left of it. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** When something was last heard, by `performance.now`. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** Bytes that wait to be sent, nearly. */
  get waiting(): number {
    return this.#socket.bufferedAmount + this.#chars;
  }

  /** Sends a message, or the text of one. */
  send(message: object | string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    const text = typeof message === "string" ? message : JSON.stringify(message);
    this.#texts.push(text);
    this.#chars += text.length;
    if (this.waiting > limits.registryWaitingBytes) this.cut();
    else if (this.#chars >= limits.registryPartChars) this.#flush();
    else this.#flushing ??= setImmediate(() => this.#flush());
  }

  /** Says why, and ends the link. */
  refuse(error: RegistryError): void {
    const refused: Refused = { type: "refused", code: error.code, message: error.message };
    this.send(refused);
    this.close(REFUSED, error.code);
  }

  /** Ends it after what was sent before. */
  close(code: number, reason: string): void {
    if (this.#isEnding || this.#socket.readyState === this.#socket.CLOSED) return;
    this.#end();
    this.#flush();
    this.#socket.close(code, reason);
    // Who does not answer the close would hold a connection for as long as it likes.
    this.#cutting = setTimeout(() => this.#socket.terminate(), limits.registryCloseMs);
    this.#closed.resolve({ code, reason, timedOut: false });
  }

  /** Ends it at once. */
  cut(): void {
    this.#end();
    this.#socket.terminate();
  }

  /** Gives messages that came before to whoever takes them now. */
  handOver(messages: readonly Message[]): void {
    this.#guard(() => this.#give(messages));
  }

  /** Gives signs of life from now on, and ends the link when none come. */
  keepAlive({ heartbeatMs, timeoutMs }: Liveness): void {
    if (this.#isEnding || this.#socket.readyState === this.#socket.CLOSED) return;
    const everyMs = Math.max(1, Math.min(heartbeatMs, timeoutMs / 3));
    let [looked, sent] = [performance.now(), performance.now()];
    this.#heardAt = looked;
    clearInterval(this.#timer);
    this.#timer = setInterval(() => {
      const now = performance.now();
      // When this process itself stood still, what came meanwhile has not been read yet.
      if (now - looked > 2 * everyMs) this.#heardAt += now - looked;
      looked = now;
      if (now - this.#heardAt > timeoutMs) {
        this.#timedOut = true;
        return this.cut();
      }
      if (now - sent < heartbeatMs * 0.9) return;
      sent = now;
      this.send({ type: "heartbeat" });
    }, everyMs);
  }

  #end(): void {
    this.#isEnding = true;
    this.onMessage = () => {};
    clearInterval(this.#timer);
  }

  #flush(): void {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    const texts = this.#texts;
    if (texts.length === 0) return;
    [this.#texts, this.#chars] = [[], 0];
    this.#socket.send(texts.length === 1 ? texts[0] : `[${texts.join()}]`, () => this.onRoom());
  }

  #take(data: Buffer, isBinary: boolean): void {
    if (this.#isEnding) return;
    this.#heardAt = performance.now();
    this.#guard(() => {
      if (isBinary) throw new RegistryError("protocol", "A message is JSON in a text frame");
      this.#give(parseFrame(data.toString()));
    });
  }

  #give(messages: readonly Message[]): void {
    // What ends the link takes `onMessage` away, and with it all that stands behind in the frame.
    for (const message of messages) if (message.type !== "heartbeat") this.onMessage(message);
  }

  #guard(take: () => void): void {
    try {
      take();
    } catch (error) {
      if (!(error instanceof RegistryError)) this.onFault(error);
      this.refuse(error instanceof RegistryError ? error : new RegistryError("protocol", "It could not be dealt with"));
    }
  }
}
