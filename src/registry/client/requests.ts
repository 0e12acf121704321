/** What a client asks its hub to change: what was not answered when a connection ends is asked again over the next one. */

import { RegistryError } from "../registry_error.ts";
import type { Service } from "../service.ts";
import { isService } from "../table/document.ts";
import type { ChangeRequest, Refused } from "../wire/messages.ts";
import type { Message } from "../wire/read_message.ts";

/** A request without its number. */
export type Wish = ChangeRequest extends infer Each ? Each extends unknown ? Omit<Each, "request"> : never : never;

/** A request that was made. */
interface Asked {
  readonly wish: Wish;
  readonly answer: PromiseWithResolvers<Service | undefined>;
  /** It was made before this connection, which may have changed what it asks for. */
  isOlder: boolean;
  /** It is of no use on another connection. */
  readonly isOnce: boolean;
}

/** All requests of a client. */
export class Requests {
  #asked = new Map<number, Asked>();
  #number = 0;
  #send: ((message: object) => void) | undefined;

  /**
   * There is a connection; what waits is sent.
   *
   * @param before makes requests that are sent before
   */
  connect(send: (message: object) => void, before: () => void): void {
    this.#send = send;
    const waiting = this.#asked;
    this.#asked = new Map();
    before();
    for (const asked of waiting.values()) this.#ask(asked);
  }

  /** There is none any more. */
  disconnect(): void {
    this.#send = undefined;
    for (const [request, asked] of this.#asked) {
      asked.isOlder = true;
      if (asked.isOnce) this.#asked.delete(request);
    }
  }

  /**
   * Asks, now or as soon as there is a connection.
   *
   * @param isOnce never again when this connection ends before the answer
   * @throws {RegistryError} what the hub refuses
   */
  make(wish: Wish, isOnce = false): Promise<Service | undefined> {
    const answer = Promise.withResolvers<Service | undefined>();
    this.#ask({ wish, answer, isOlder: this.#send === undefined, isOnce });
    return answer.promise;
  }

  /**
   * Takes an answer.
   *
   * @throws {RegistryError} `protocol`, which whoever asked is told too
   */
  answer(message: Message): void {
    const asked = this.#asked.get(message.request as number);
    if (!asked) return;
    this.#asked.delete(message.request as number);
    if (message.type === "done") return grant(asked, message.service);
    const { code, message: why } = message as unknown as Refused;
    // Freed by the end of the last connection.
    if (asked.wish.type === "free" && asked.isOlder && code === "unknown") return asked.answer.resolve(undefined);
    asked.answer.reject(new RegistryError(code, String(why)));
  }

  /** None of them will be answered. */
  fail(error: Error): void {
    for (const { answer } of this.#asked.values()) answer.reject(error);
    this.#asked.clear();
  }

  #ask(asked: Asked): void {
    const request = ++this.#number;
    this.#asked.set(request, asked);
    this.#send?.({ ...asked.wish, request });
  }
}

/** Whoever registers or changes a service is given it as the hub has it. */
function grant({ wish, answer }: Asked, service: unknown): void {
  if (wish.type === "free") return answer.resolve(undefined);
  const id = wish.type === "set" ? wish.id : wish.service.id;
  if (isService(service) && service.id === id) return answer.resolve(service);
  const error = new RegistryError("protocol", `The hub grants ${id}, and does not tell of it`);
  answer.reject(error);
  throw error;
}
