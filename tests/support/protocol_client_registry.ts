/** A client of a hub, and another hub, as docs/protocols/registry.md has them, with nothing of src/registry in it. */

// @ts-types="../../src/net/ws.d.ts"
import { WebSocket } from "ws";
import { Buffer } from "node:buffer";
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign, verify } from "node:crypto";
import { exampleOf } from "./protocol_client_text.ts";
import { within } from "./within.ts";

/** Any message. */
export type Message = { readonly type: string } & Record<string, unknown>;

const CONTEXT = "sluice registry 1\n";

/** A new Ed25519 key. */
export function newKey(): KeyObject {
  return generateKeyPairSync("ed25519").privateKey;
}

/** How a public key travels. */
export function spkiOf(key: KeyObject): string {
  return createPublicKey(key).export({ format: "der", type: "spki" }).toString("base64");
}

/** What is signed of a hello. */
export function helloText(to: string, challenge: string, kind: string, incarnation: number, more: unknown[] = []) {
  return CONTEXT + JSON.stringify(["hello", to, challenge, kind, incarnation, ...more]);
}

/** A signature as it travels. */
export function signatureOf(key: KeyObject, text: string): string {
  return sign(null, Buffer.from(text), key).toString("base64");
}

/** Seals a message. */
export function sealed(key: KeyObject, body: string): Message {
  return { type: "sealed", body, signature: signatureOf(key, CONTEXT + body) };
}

/** Whether the holder of a key has signed a text. */
export function isSignature(spki: string, text: string, signature: string): boolean {
  const key = createPublicKey({ key: Buffer.from(spki, "base64"), format: "der", type: "spki" });
  return verify(null, Buffer.from(text), key, Buffer.from(signature, "base64"));
}

/** Opens one, and checks who has signed it. */
export function opened(spki: string, { body, signature }: Message): Message {
  if (!isSignature(spki, CONTEXT + body, String(signature))) throw new Error("The signature is another one's");
  return JSON.parse(String(body)).message;
}

/** One connection. */
export class RegistryPeer implements AsyncDisposable {
  /** The hub's first message. */
  greeting: Message = { type: "" };
  /** What it answered to the hello. */
  welcome: Message = { type: "" };
  /** What it was sent as a hub: the challenge of this side, which the other one has to name. */
  readonly challenge: string = randomBytes(18).toString("base64url");
  readonly #socket: WebSocket;
  readonly #key: KeyObject | undefined;
  readonly #messages: Message[] = [];
  readonly #closed = Promise.withResolvers<number>();
  #wake = () => {};
  #sealedCount = 0;
  #requests = 0;

  private constructor(url: string, key: KeyObject | undefined) {
    this.#key = key;
    this.#socket = new WebSocket(`${url}/registry`);
    this.#socket.on("message", (data) => {
      const value = JSON.parse(String(data));
      this.#messages.push(...Array.isArray(value) ? value : [value]);
      this.#wake();
    });
    this.#socket.on("error", () => {});
    this.#socket.on("close", (code) => {
      this.#closed.resolve(code);
      this.#wake();
    });
  }

  /** Connects, and hears the greeting. */
  static async connect(url: string, key?: KeyObject): Promise<RegistryPeer> {
    const peer = new RegistryPeer(url, key);
    peer.greeting = await peer.next("hub");
    return peer;
  }

  /** Says hello, as a client or, where `hub` says which, as a hub. */
  async hello(hub?: { readonly hub: string; readonly start: number }): Promise<void> {
    const { hub: to, challenge, time } = this.greeting as Message & { hub: string; challenge: string; time: number };
    const kind = hub ? "hub" : "client";
    const own = hub && { ...hub, challenge: this.challenge, time };
    const incarnation = hub?.start ?? time;
    const more = own ? [own.hub, own.start, own.challenge, own.time] : [];
    const key = this.#key && spkiOf(this.#key);
    const signature = this.#key &&
      signatureOf(this.#key, helloText(to, challenge, kind, incarnation, more));
    this.send({ type: "hello", version: 1, kind, key, signature, incarnation, ...own });
    this.welcome = await this.next("welcome");
  }

  /** Asks for a change, sealed where the hub wants it so, and gives the answer: `done` or `refused`. */
  async request(message: Message): Promise<Message> {
    const request = ++this.#requests;
    const whole = { ...message, request };
    this.send(this.greeting.signed ? this.seal(whole) : whole);
    return await this.next("done, or refused", (answer) => answer.request === request);
  }

  /** Seals a message for this connection. */
  seal(message: Message): Message {
    const { challenge, time } = this.greeting;
    return sealed(this.#key!, JSON.stringify({ challenge, number: ++this.#sealedCount, time, message }));
  }

  send(message: unknown): void {
    this.#socket.send(JSON.stringify(message));
  }

  /** The next message of a type, or one that fits; others are passed over. */
  next(what: string, fits = (message: Message) => message.type === what): Promise<Message> {
    const looking = async () => {
      for (;;) {
        const message = this.#messages.shift();
        if (message && fits(message)) return message;
        if (message) continue;
        if (this.#socket.readyState === this.#socket.CLOSED) throw new Error(`The hub has left before ${what}`);
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
    };
    return within(what, looking());
  }

  /** The code by which the hub has ended the connection. */
  get closed(): Promise<number> {
    return within("the hub ends the connection", this.#closed.promise);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate();
    await this.#closed.promise;
  }
}

/** What the examples have; not each message has all of it. */
export interface ExampleMessage
  extends Record<"type" | "hub" | "challenge" | "kind" | "key" | "signature" | "body", string> {
  readonly start: number;
  readonly incarnation: number;
  readonly time: number;
}

/** What both sides say in an example of registry.md. */
export function conversationOf(name: string): { ours: ExampleMessage[]; theirs: ExampleMessage[] } {
  const [ours, theirs]: ExampleMessage[][] = [[], []];
  for (const line of exampleOf("registry.md", name)) {
    const said = JSON.parse(line.slice(2));
    (line[0] === "C" ? ours : theirs).push(...Array.isArray(said) ? said : [said]);
  }
  return { ours, theirs };
}

/** The lines of seaport that come, as values. */
export function linesOf(connection: Deno.Conn): () => Promise<unknown> {
  let text = "";
  const chunk = new Uint8Array(4096);
  return async () => {
    while (!text.includes("\n")) {
      const count = await within("a line", connection.read(chunk)) ?? 0;
      text += new TextDecoder().decode(chunk.subarray(0, count));
    }
    const [line] = text.split("\n", 1);
    text = text.slice(line.length + 1);
    return JSON.parse(line);
  };
}
