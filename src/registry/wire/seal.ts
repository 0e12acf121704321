/**
 * Signatures over messages. What is signed names the connection by the other side's challenge, a number that grows with
 * each message, and the time: a message is worth nothing on another connection, a second time, or much later.
 */

import { Buffer } from "node:buffer";
import { limits } from "../../limits.ts";
import type { KeyPair, PublicKey } from "../../net/keys.ts";
import { RegistryError } from "../registry_error.ts";
import { isRecord } from "../table/document.ts";
import type { Hello, Sealed } from "./messages.ts";
import { type Message, parseJson, readMessage } from "./read_message.ts";

/** Keeps signatures of ours from being taken for those of another protocol. */
const CONTEXT = "sluice registry 1\n";

/** What of a hello is signed. */
type SignedHello = Pick<Hello, "kind" | "incarnation" | "hub" | "start" | "challenge" | "time">;

/** The text that whoever says hello signs, with all that a hub says of itself, and a hub that welcomes another one. */
export function helloText(to: string, challenge: string, hello: SignedHello): string {
  const { kind, incarnation, hub, start, challenge: theirs, time } = hello;
  const said = kind === "hub" && hub !== undefined ? [hub, start, theirs, time] : [];
  return CONTEXT + JSON.stringify(["hello", to, challenge, kind, incarnation, ...said]);
}

/** Base64 of a signature. */
export function signText(key: KeyPair, text: string): string {
  return Buffer.from(key.sign(text)).toString("base64");
}

/** Whether a signature in base64 is one over a text. */
export function verifyText(key: PublicKey, text: string, signature: string | undefined): boolean {
  return signature !== undefined && key.verify(text, Buffer.from(signature, "base64"));
}

/** The clock of the other side, from what it said of it. */
export function clockOf(time: number, clock: () => number): () => number {
  const aheadMs = time - clock();
  return () => clock() + aheadMs;
}

/** Seals what goes out on one connection. */
export class Sealer {
  readonly #key: KeyPair;
  readonly #challenge: string;
  readonly #clock: () => number;
  #number = 0;

  /** @param clock the other side's, milliseconds since 1970 */
  constructor(key: KeyPair, challenge: string, clock: () => number) {
    this.#key = key;
    this.#challenge = challenge;
    this.#clock = clock;
  }

  /** Signs a message. */
  seal(message: object): Sealed {
    const body = JSON.stringify({
      challenge: this.#challenge,
      number: ++this.#number,
      time: Math.round(this.#clock()),
      message,
    });
    return { type: "sealed", body, signature: signText(this.#key, CONTEXT + body) };
  }
}

/** Opens what comes in on one connection. */
export class Opener {
  readonly #key: PublicKey;
  readonly #challenge: string;
  readonly #clock: () => number;
  #number = 0;

  /** @param clock ours, milliseconds since 1970 */
  constructor(key: PublicKey, challenge: string, clock: () => number) {
    this.#key = key;
    this.#challenge = challenge;
    this.#clock = clock;
  }

  /**
   * Takes the message out.
   *
   * @throws {RegistryError} `signature`, `replay`, `clock`, `protocol`
   */
  open({ body, signature }: Message): Message {
    if (
      typeof body !== "string" || typeof signature !== "string" || !verifyText(this.#key, CONTEXT + body, signature)
    ) {
      throw new RegistryError("signature", `The signature is not one of the key ${this.#key.id} over what was sent`);
    }
    const sealed = parseJson(body);
    if (!isRecord(sealed)) throw new RegistryError("protocol", "What was signed is no message");
    const { challenge, number, time, message } = sealed;
    if (challenge !== this.#challenge) throw new RegistryError("replay", "It was signed for another connection");
    if (typeof number !== "number" || !Number.isSafeInteger(number) || number <= this.#number) {
      throw new RegistryError("replay", "It was sent before on this connection");
    }
    this.#number = number;
    const aheadMs = Number(time) - this.#clock();
    if (!(Math.abs(aheadMs) <= limits.registrySkewMs)) {
      const seconds = Math.round(Math.abs(aheadMs) / 1000);
      throw new RegistryError(
        "clock",
        `It was signed ${seconds} s in the ${
          aheadMs > 0 ? "future" : "past"
        }: sign with the time of the hub's greeting`,
      );
    }
    return readMessage(message);
  }
}
