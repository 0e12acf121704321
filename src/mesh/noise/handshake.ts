/**
 * A handshake of the Noise Protocol Framework, revision 34, as a state machine over bytes: HandshakeState of §5.3 with
 * 25519, AESGCM and BLAKE2b. Knows of no socket and no clock. A handshake that failed once is dead.
 */

import { meshLimits } from "../limits.ts";
import { checkLength, KEY_BYTES, TAG_BYTES } from "./cipher_state.ts";
import { NoiseError } from "./noise_error.ts";
import { type Messages, messagesOf, type PatternName, type Token } from "./patterns.ts";
import { SymmetricState } from "./symmetric_state.ts";
import { agree, DH_BYTES, type KeyPairX25519, newKeyPairX25519 } from "./x25519.ts";

/** One side of a handshake. */
export interface HandshakeOptions {
  readonly pattern: PatternName;
  /** Whether this side writes the first message. */
  readonly initiator: boolean;
  /** What both sides know already, and must know alike. */
  readonly prologue: Uint8Array;
  /** This side's lasting key, where the pattern sends one. */
  readonly staticKey?: KeyPairX25519;
  /** 32 secret bytes that both sides have, where the pattern says so. */
  readonly psk?: Uint8Array;
  /** The key of this one handshake: for known answers in tests; anywhere else it would be used twice. */
  readonly ephemeral?: KeyPairX25519;
}

/** Keys for what follows. */
export interface TransportKeys {
  /** 32 bytes: for what this side sends. */
  readonly sendKey: Uint8Array<ArrayBuffer>;
  /** 32 bytes: for what it is sent. */
  readonly receiveKey: Uint8Array<ArrayBuffer>;
}

/*
 *   going --last message--> done --split--> split
 *     |
 *     '--any error--> failed
 */
type Stage = "going" | "done" | "split" | "failed";

/** One side. */
export class Handshake {
  readonly #isInitiator: boolean;
  readonly #messages: Messages;
  readonly #static: KeyPairX25519 | undefined;
  readonly #psk: Uint8Array | undefined;
  readonly #symmetric: SymmetricState;
  #ephemeral: KeyPairX25519 | undefined;
  #remoteStatic: Uint8Array<ArrayBuffer> | undefined;
  #remoteEphemeral: Uint8Array | undefined;
  #stage: Stage = "going";
  /** How many messages are over. */
  #at = 0;

  /** @throws {RangeError} what a pattern needs is missing, or has a wrong length */
  constructor({ pattern, initiator, prologue, staticKey, psk, ephemeral }: HandshakeOptions) {
    this.#messages = messagesOf(pattern);
    const ours = this.#messages.filter((_, i) => (i % 2 === 0) === initiator).flat();
    if (ours.includes("s") && !staticKey) throw new RangeError(`The pattern ${pattern} needs a static key`);
    if (this.#hasPsk !== (psk !== undefined) || psk && psk.byteLength !== KEY_BYTES) {
      throw new RangeError(`The pattern ${pattern} needs ${this.#hasPsk ? `a key of ${KEY_BYTES} bytes` : "no key"}`);
    }
    this.#isInitiator = initiator;
    this.#static = staticKey;
    this.#psk = psk && new Uint8Array(psk);
    this.#ephemeral = ephemeral;
    this.#symmetric = new SymmetricState(`Noise_${pattern}_25519_AESGCM_BLAKE2b`);
    this.#symmetric.mixHash(prologue);
  }

  /** True when all messages are over. */
  get isDone(): boolean {
    return this.#stage === "done" || this.#stage === "split";
  }

  /** The other side's lasting public key, as soon as it has been sent. Of who holds it one is sure at the end only. */
  get remoteStatic(): Uint8Array<ArrayBuffer> | undefined {
    return this.#remoteStatic;
  }

  /** The hash of the whole handshake, when it is done: a name of this one session (Noise §11.2). */
  get hash(): Uint8Array<ArrayBuffer> {
    this.#expect("done", "split");
    return this.#symmetric.hash;
  }

  /** The next message; its payload is encrypted as well as the pattern allows in that place. */
  writeMessage(payload: Uint8Array): Uint8Array<ArrayBuffer> {
    return this.#step(true, (tokens) => {
      const parts = tokens.map((token) => this.#writeToken(token));
      parts.push(this.#symmetric.encryptAndHash(payload));
      const length = parts.reduce((sum, part) => sum + part.byteLength, 0);
      checkLength(length);
      const message = new Uint8Array(length);
      let at = 0;
      for (const part of parts) {
        message.set(part, at);
        at += part.byteLength;
      }
      return message;
    });
  }

  /**
   * Takes the other side's next message. @returns its payload
   *
   * @throws {NoiseError} it is not what it should be; nothing more can be done with this handshake
   */
  readMessage(message: Uint8Array): Uint8Array<ArrayBuffer> {
    return this.#step(false, (tokens) => {
      if (message.byteLength > meshLimits.noiseMessageBytes) throw new NoiseError("A message is too long");
      let rest = message;
      for (const token of tokens) rest = rest.subarray(this.#readToken(token, rest));
      return this.#symmetric.decryptAndHash(rest);
    });
  }

  /** The keys for what follows. Given once. */
  split(): TransportKeys {
    this.#expect("done");
    this.#stage = "split";
    const [first, second] = this.#symmetric.split();
    return this.#isInitiator ? { sendKey: first, receiveKey: second } : { sendKey: second, receiveKey: first };
  }

  get #hasPsk(): boolean {
    return this.#messages.some((tokens) => tokens.includes("psk"));
  }

  #step<Result>(isWrite: boolean, act: (tokens: readonly Token[]) => Result): Result {
    this.#expect("going");
    try {
      const isOurs = (this.#at % 2 === 0) === this.#isInitiator;
      if (isOurs !== isWrite) throw new Error(`Cannot ${isWrite ? "write" : "read"} now: it is the other side's turn`);
      const result = act(this.#messages[this.#at++]);
      if (this.#at === this.#messages.length) this.#finish("done");
      return result;
    } catch (error) {
      this.#finish("failed");
      this.#symmetric.wipe();
      throw error;
    }
  }

  #finish(stage: Stage): void {
    this.#stage = stage;
    this.#ephemeral = undefined;
    this.#psk?.fill(0);
  }

  #expect(...stages: readonly Stage[]): void {
    if (!stages.includes(this.#stage)) throw new Error(`Cannot do this with a handshake that is ${this.#stage}`);
  }

  #writeToken(token: Token): Uint8Array {
    if (token === "e") {
      this.#ephemeral ??= newKeyPairX25519();
      this.#mixEphemeral(this.#ephemeral.publicKey);
      return this.#ephemeral.publicKey;
    }
    if (token === "s") return this.#symmetric.encryptAndHash(this.#static!.publicKey);
    this.#mix(token);
    return new Uint8Array(0);
  }

  /** @returns how many bytes of the message belong to the token */
  #readToken(token: Token, bytes: Uint8Array): number {
    if (token !== "e" && token !== "s") {
      this.#mix(token);
      return 0;
    }
    const length = DH_BYTES + (token === "s" && this.#symmetric.isKeyed ? TAG_BYTES : 0);
    if (bytes.byteLength < length) throw new NoiseError("A message is shorter than the keys in it");
    const field = bytes.subarray(0, length);
    if (token === "e") this.#mixEphemeral(this.#remoteEphemeral = new Uint8Array(field));
    else this.#remoteStatic = this.#symmetric.decryptAndHash(field);
    return length;
  }

  #mixEphemeral(publicKey: Uint8Array): void {
    this.#symmetric.mixHash(publicKey);
    if (this.#hasPsk) this.#symmetric.mixKey(publicKey); // Noise §9.2
  }

  #mix(token: Exclude<Token, "e" | "s">): void {
    if (token === "psk") return this.#symmetric.mixKeyAndHash(this.#psk!);
    const [initiators, responders] = token;
    const [ours, theirs] = this.#isInitiator ? [initiators, responders] : [responders, initiators];
    const pair = ours === "e" ? this.#ephemeral : this.#static;
    const publicKey = theirs === "e" ? this.#remoteEphemeral : this.#remoteStatic;
    const secret = agree(pair!, publicKey!);
    this.#symmetric.mixKey(secret);
    secret.fill(0);
  }
}
