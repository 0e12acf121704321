/** Calling a hub: the connection, its greeting, our hello, its welcome. */

// @ts-types="../../net/ws.d.ts"
import { WebSocket } from "ws";
import { limits } from "../../limits.ts";
import { type KeyPair, type PublicKey, publicKeyFrom } from "../../net/keys.ts";
import { RegistryError } from "../registry_error.ts";
import { Link } from "./link.ts";
import { type Greeting, type Hello, PROTOCOL, type Refused, type Welcome, WS_PATH } from "./messages.ts";
import type { Message } from "./read_message.ts";
import { helloText, signText, verifyText } from "./seal.ts";

/** Who calls. */
export interface Caller {
  readonly kind: Hello["kind"];
  /** Where to sign with; without one, services can only be looked for. */
  readonly key?: KeyPair;
  readonly token?: string;
  /** Gives the number of this connection, from the hub's time. */
  incarnation(hubTime: number): number;
  /** Of a hub: who it is, and what the other one has to sign. */
  readonly hub?: Required<Pick<Hello, "hub" | "start" | "challenge" | "time">>;
  /** Certificates of authorities that sign for wss: hubs, as PEM. */
  readonly ca?: string;
  readonly signal: AbortSignal;
}

/** A connection on which both sides know each other. */
export interface Call {
  readonly link: Link;
  /** Takes each message from now on, those first that have come by now. */
  listen(onMessage: (message: Message) => void): void;
  readonly greeting: Greeting;
  readonly welcome: Welcome;
  /** The other hub's key, where it has shown one. */
  readonly key: PublicKey | undefined;
  /** The number of this connection. */
  readonly incarnation: number;
}

/**
 * Reads the address of a hub: `host:port`, or a URL of http, https, ws or wss.
 *
 * @throws {TypeError}
 */
export function hubUrl(address: string): string {
  const text = /^\d+$/.test(address) ? `localhost:${address}` : address;
  const url = URL.parse(text.includes("://") ? text : `ws://${text}`);
  const protocol = { "ws:": "ws:", "http:": "ws:", "wss:": "wss:", "https:": "wss:" }[url?.protocol ?? ""];
  if (!url || !protocol || !url.hostname || url.username || url.password) {
    throw new TypeError(
      `Cannot use ${JSON.stringify(address.slice(0, 200))} as a hub: it is host:port, or a ws:// URL`,
    );
  }
  const path = url.pathname === "/" ? WS_PATH : url.pathname;
  return `${protocol}//${url.host}${path}${url.search}`;
}

/**
 * Calls a hub.
 *
 * @throws {RegistryError} what the hub refuses
 * @throws {Error} it can't be reached
 */
export async function dial(url: string, caller: Caller): Promise<Call> {
  caller.signal.throwIfAborted();
  const socket = new WebSocket(url, {
    handshakeTimeout: limits.registryHelloMs,
    maxPayload: limits.registryFrameBytes,
    perMessageDeflate: false,
    ...caller.ca === undefined ? {} : { ca: caller.ca },
  });
  const link = new Link(socket);
  const inbox = new Inbox(link, socket, url);
  const abort = () => link.cut();
  caller.signal.addEventListener("abort", abort, { once: true });
  link.gone.then(() => caller.signal.removeEventListener("abort", abort));
  const late = setTimeout(abort, limits.registryHelloMs);
  try {
    const greeting = readGreeting(await inbox.next());
    const incarnation = caller.incarnation(greeting.time);
    link.send(helloOf(caller, greeting, incarnation));
    const welcome = await inbox.next() as unknown as Welcome;
    if (welcome.type !== "welcome") {
      throw new RegistryError("protocol", `The hub at ${url} answers with something else`);
    }
    const key = keyOf(caller, greeting, welcome);
    return { link, greeting, welcome, incarnation, key, listen: (onMessage) => inbox.handOver(onMessage) };
  } catch (error) {
    link.cut();
    caller.signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(late);
  }
}

/** The first messages of a hub, one at a time. */
class Inbox {
  readonly #link: Link;
  readonly #messages: Message[] = [];
  readonly #fail: Promise<never>;
  #wake = () => {};

  constructor(link: Link, socket: WebSocket, url: string) {
    this.#link = link;
    link.onMessage = (message) => {
      this.#messages.push(message);
      this.#wake();
    };
    const cause = new Promise<unknown>((resolve) => socket.once("error", resolve));
    this.#fail = Promise.race([cause, link.closed]).then((why) => {
      const message = why instanceof Error ? why.message : "it ended the connection";
      throw new Error(`Cannot reach the hub at ${url}: ${message || "nothing answers there"}`, { cause: why });
    });
    this.#fail.catch(() => {}); // told to whoever waits, if somebody does
  }

  /** @throws {RegistryError} when the hub refuses */
  async next(): Promise<object> {
    if (this.#messages.length === 0) {
      await Promise.race([new Promise<void>((resolve) => this.#wake = resolve), this.#fail]);
    }
    const message = this.#messages.shift()!;
    if (message.type !== "refused") return message;
    throw new RegistryError(message.code as Refused["code"], String(message.message));
  }

  handOver(onMessage: (message: Message) => void): void {
    this.#link.onMessage = onMessage;
    this.#link.handOver(this.#messages.splice(0));
  }
}

function readGreeting(message: object): Greeting {
  const greeting = message as Greeting;
  const { hub, challenge, address, start, signed } = greeting;
  const hasTexts = [hub, challenge, address].every((text) => typeof text === "string");
  if (greeting.type !== "hub" || !hasTexts || typeof signed !== "boolean" || !Number.isSafeInteger(start)) {
    throw new RegistryError("protocol", "What answers there is no hub of a registry");
  }
  if (greeting.version !== PROTOCOL) {
    throw new RegistryError(
      "protocol",
      `The hub speaks version ${greeting.version} of the protocol, this is ${PROTOCOL}`,
    );
  }
  checkTimes(greeting);
  return greeting;
}

/** Timers run wild beyond their range, and the number of a connection that comes of a wrong time is in force for ever. */
function checkTimes({ time, heartbeatMs, timeoutMs }: Greeting): void {
  const { registryHeartbeatMsMin: least, registryTimeoutMsMax: most, registryClockMs } = limits;
  const isSteady = Number.isSafeInteger(heartbeatMs) && Number.isSafeInteger(timeoutMs) &&
    least <= heartbeatMs && heartbeatMs < timeoutMs && timeoutMs <= most;
  if (!isSteady) throw new RegistryError("protocol", "The hub has a heartbeat or a timeout that can't be");
  if (Number.isSafeInteger(time) && time >= 0 && Math.abs(time - Date.now()) <= registryClockMs) return;
  throw new RegistryError("clock", "The clock of the hub is wrong beyond all measure");
}

function helloOf({ kind, key, token, hub }: Caller, greeting: Greeting, incarnation: number): Hello {
  const signature = key && signText(key, helloText(greeting.hub, greeting.challenge, { kind, incarnation, ...hub }));
  return { type: "hello", version: PROTOCOL, kind, key: key?.spki, signature, token, incarnation, ...hub };
}

/** The key of the hub, if it has shown that it has it. */
function keyOf(caller: Caller, greeting: Greeting, { key, signature }: Welcome): PublicKey | undefined {
  if (!caller.hub || key === undefined) return undefined;
  const shown = publicKeyFrom(key);
  const text = helloText(caller.hub.hub, caller.hub.challenge, { kind: "hub", incarnation: greeting.start });
  if (verifyText(shown, text, signature)) return shown;
  throw new RegistryError("signature", `The hub ${greeting.hub} signs with another key than the one it shows`);
}
