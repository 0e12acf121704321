/** The messages of a session over a link: each sealed, behind its length, in order. */

import { isLarge, letGo } from "../../bytes/let_go.ts";
import { meshLimits } from "../limits.ts";
import type { Link, LinkReceiver } from "../transport/link.ts";
import { MessageSplitter } from "./message_splitter.ts";
import { Opener, Sealer, type SealKey } from "./seal.ts";

/** What it is made of. */
export interface SealedLinkParts {
  readonly link: Link;
  readonly send: SealKey;
  readonly receive: SealKey;
  readonly host: SealedLinkHost;
}

/** What it tells its session. */
export interface SealedLinkHost {
  /** A message came. */
  take(plain: Uint8Array<ArrayBuffer>): void;
  /** More may be sent. */
  advance(): void;
  /** A message is none: it was changed, left out, repeated, or comes from elsewhere. */
  fail(): void;
  /** The link has ended. */
  close(error?: Error): void;
}

/** Seals what goes out, opens what comes, and lets neither pile up. */
export class SealedLink implements LinkReceiver {
  readonly #link: Link;
  readonly #host: SealedLinkHost;
  readonly #splitter = new MessageSplitter();
  readonly #sealer: Sealer;
  readonly #opener: Opener;
  #isBlocked = false;
  #isPaused = false;
  /** The link has ended; what came by it is still being opened. */
  #ended: { readonly error?: Error } | undefined;
  #isOver = false;

  constructor({ link, send, receive, host }: SealedLinkParts) {
    this.#link = link;
    this.#host = host;
    this.#sealer = new Sealer(send, (message) => this.#write(message), () => host.fail());
    this.#opener = new Opener(receive, (plain) => this.#take(plain), () => host.fail());
  }

  /** False while so much is under way that the next message should wait. */
  get hasRoom(): boolean {
    return !this.#isBlocked && !this.#sealer.isBusy;
  }

  /** All messages were given to the link. */
  get isIdle(): boolean {
    return this.#sealer.isIdle;
  }

  /** Sends a message, which may be changed afterwards. */
  send(plain: Uint8Array<ArrayBuffer>): void {
    this.#sealer.seal(plain);
  }

  /** Ends the link when what was sent is there. */
  end(): void {
    this.#isOver = true;
    this.#link.end();
  }

  /** Ends it now. */
  destroy(): void {
    this.#isOver = true;
    this.#link.destroy();
  }

  onBytes(bytes: Uint8Array<ArrayBuffer>): void {
    this.#splitter.push(bytes, (message) => {
      if (!this.#isOver) this.#opener.open(message);
    });
    if (isLarge(bytes)) letGo(bytes.buffer); // nothing keeps any of them
    // Others open them: what comes meanwhile has to be bounded.
    if (this.#isOver || this.#isPaused || this.#opener.waiting < meshLimits.sealedAtOnce) return;
    this.#isPaused = true;
    this.#link.pause();
  }

  onDrain(): void {
    this.#isBlocked = false;
    if (!this.#isOver) this.#host.advance();
  }

  onClose(error?: Error): void {
    this.#ended = { error };
    this.#closeWhenOpened();
  }

  #write(message: Uint8Array<ArrayBuffer>): void {
    if (this.#isOver) return;
    this.#isBlocked = !this.#link.write(message);
    this.#host.advance();
  }

  #take(plain: Uint8Array<ArrayBuffer>): void {
    if (this.#isOver) return;
    this.#host.take(plain);
    this.#closeWhenOpened();
    if (this.#isOver || !this.#isPaused || this.#opener.waiting > meshLimits.sealedAtOnce / 2) return;
    this.#isPaused = false;
    this.#link.resume();
  }

  /** The other side may have said all that it had to, and the end of it counts. */
  #closeWhenOpened(): void {
    if (this.#isOver || !this.#ended || this.#opener.waiting > 0) return;
    this.#isOver = true;
    this.#host.close(this.#ended.error);
  }
}
