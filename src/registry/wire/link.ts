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
import type { Refused } from "./messages.ts";
import { type Message, parseFrame } from "./read_message.ts";

/** How a link ended. */
export interface LinkEnd {
  /** Code of the WebSocket's end (RFC 6455 §7.4). */
  readonly code: number;
  /** In words, where the other side said it. */
  readonly reason: string;
  /** Nothing was heard for too long. */
  readonly timedOut: boolean;
}

/** How often signs of life are given, and how long none may come. */
export interface Liveness {
  readonly heartbeatMs: number;
  readonly timeoutMs: number;
}

/** Policy violation (RFC 6455 §7.4.1). */
const REFUSED = 1008;

/** One link. */
export class Link {
  readonly #socket: WebSocket;
  readonly #closed = Promise.withResolvers<LinkEnd>();
  /** Messages of this moment. */
  #texts: string[] = [];
  #chars = 0;
  #flushing: ReturnType<typeof setImmediate> | undefined;
  #timedOut = false;
  #heardAt = performance.now();
  #timer: ReturnType<typeof setInterval> | undefined;
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
      clearImmediate(this.#flushing);
      this.#closed.resolve({ code, reason: reason.toString(), timedOut: this.#timedOut });
    });
  }

  /** How it ended, when it has. */
  get closed(): Promise<LinkEnd> {
    return this.#closed.promise;
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
    this.onMessage = () => {};
    this.#flush();
    this.#socket.close(code, reason);
  }

  /** Ends it at once. */
  cut(): void {
    this.onMessage = () => {};
    this.#socket.terminate();
  }

  /** Gives signs of life from now on, and ends the link when none come. */
  keepAlive({ heartbeatMs, timeoutMs }: Liveness): void {
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

  #flush(): void {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    const texts = this.#texts;
    if (texts.length === 0) return;
    [this.#texts, this.#chars] = [[], 0];
    this.#socket.send(texts.length === 1 ? texts[0] : `[${texts.join()}]`, () => this.onRoom());
  }

  #take(data: Buffer, isBinary: boolean): void {
    this.#heardAt = performance.now();
    try {
      if (isBinary) throw new RegistryError("protocol", "A message is JSON in a text frame");
      // What ends the link takes this away, and with it all that stands behind in the frame.
      for (const message of parseFrame(data.toString())) {
        if (message.type !== "heartbeat") this.onMessage(message);
      }
    } catch (error) {
      if (!(error instanceof RegistryError)) this.onFault(error);
      this.refuse(error instanceof RegistryError ? error : new RegistryError("protocol", "It could not be dealt with"));
    }
  }
}
