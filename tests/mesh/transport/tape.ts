/** The ends of links in tests: what comes is counted and hashed, and can be waited for. */

import { equal } from "node:assert/strict";
import { createHash, type Hash } from "node:crypto";
import type { Link, LinkReceiver } from "../../../src/mesh/transport/link.ts";
import { within } from "../../support/within.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Receives a link. */
export class Tape implements LinkReceiver {
  readonly link: Link;
  /** Bytes that came. */
  received = 0;
  /** How often the close was told. */
  closes = 0;
  error: Error | undefined;
  /** Called with what comes. */
  take: (bytes: Bytes) => void = () => {};
  readonly #hash: Hash = createHash("sha256");
  /** The first bytes, for tests that look at them. */
  readonly #first: number[] = [];
  /** A method of the link is being called. */
  #isInside = false;
  #wake = Promise.withResolvers<void>();

  constructor(link: Link) {
    this.link = link;
  }

  /** Opens the link. */
  open(): this {
    this.#call(() => this.link.open(this));
    return this;
  }

  /** The beginning of what came, as text. */
  get text(): string {
    return String.fromCharCode(...this.#first);
  }

  /** SHA-256 of all that came. */
  get digest(): string {
    return this.#hash.copy().digest("hex");
  }

  /** Sends a copy: what is sent is the link's. */
  write(bytes: Bytes | string): boolean {
    return this.#call(() => this.link.write(typeof bytes === "string" ? bytesOf(bytes) : bytes.slice()));
  }

  end(): void {
    this.#call(() => this.link.end());
  }

  destroy(): void {
    this.#call(() => this.link.destroy());
  }

  pause(): void {
    this.#call(() => this.link.pause());
  }

  resume(): void {
    this.#call(() => this.link.resume());
  }

  /** Sends bytes in pieces, no faster than the link takes them. @returns SHA-256 of them */
  async send(total: number, pieceBytes: number): Promise<string> {
    const hash = createHash("sha256");
    for (let at = 0; at < total; at += pieceBytes) {
      const piece = pieceOf(at, Math.min(pieceBytes, total - at));
      hash.update(piece);
      if (!this.write(piece)) await this.#changed(`${total} bytes are sent`);
    }
    return hash.digest("hex");
  }

  /** Waits for something to be so. */
  async until(what: string, test: () => boolean): Promise<void> {
    while (!test()) await this.#changed(what);
  }

  /** Waits for so many bytes in all. */
  got(count: number): Promise<void> {
    return this.until(`${count} bytes come`, () => this.received >= count);
  }

  /** Waits for the close. */
  closed(): Promise<void> {
    return this.until("it closes", () => this.closes > 0);
  }

  onBytes(bytes: Bytes): void {
    this.#told();
    equal(this.closes, 0, "Bytes come after the close");
    this.received += bytes.byteLength;
    this.#hash.update(bytes);
    if (this.#first.length < 1000) this.#first.push(...bytes.subarray(0, 1000));
    this.take(bytes);
  }

  onDrain(): void {
    this.#told();
    equal(this.closes, 0, "Room comes after the close");
  }

  onClose(error?: Error): void {
    this.#told();
    this.closes++;
    this.error = error;
  }

  #call<Result>(call: () => Result): Result {
    this.#isInside = true;
    try {
      return call();
    } finally {
      this.#isInside = false;
    }
  }

  #told(): void {
    equal(this.#isInside, false, "A receiver is called within a call of its link");
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  #changed(what: string): Promise<void> {
    return within(() => `${what}; ${this.received} came, ${this.closes} closes`, this.#wake.promise);
  }
}

export function bytesOf(text: string): Bytes {
  return new TextEncoder().encode(text);
}

/** Bytes that differ by where they stand. */
function pieceOf(at: number, length: number): Bytes {
  const piece = new Uint8Array(length);
  for (let i = 0; i < length; i += 97) piece[i] = (at + i) * 31 >> 3;
  return piece;
}
