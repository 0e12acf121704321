/** A node of flatend that is connected to us: who it is, what it offers, what it asks for. */

import type { Socket } from "node:net";
import { MalformedError } from "../../bytes/byte_reader.ts";
import { HttpError } from "../../errors.ts";
import type { RequestInfo } from "../../http/handler.ts";
import type { Log } from "../../log.ts";
import type { Clock } from "../clock.ts";
import { verifySignature } from "../identity.ts";
import { type NodeId, nodeIdOf } from "../node_id.ts";
import type { CallServices } from "./answer.ts";
import { Answers } from "./answers.ts";
import { Connection } from "./connection.ts";
import { FlatendError } from "./flatend_error.ts";
import { type FlatendId, isUnspecified, unmapped } from "./flatend_id.ts";
import { Gauge } from "./gauge.ts";
import { flatendLimits } from "./limits.ts";
import { type Handshake, type Packet, signedBytes, writeFound, writeHandshake } from "./packets.ts";
import { FIRST_STREAM, Pushes } from "./pushes.ts";
import type { StreamsOptions } from "./streams_options.ts";

/** What others see of it. */
export interface FlatendPeer {
  /** Names this connection, and no other one ever. */
  readonly key: string;
  /** Undefined where it says no id: then nobody can tell whether it was here before. */
  readonly nodeId: NodeId | undefined;
  /** The address that it connects from. */
  readonly address: string;
  /** What it offers. */
  readonly services: readonly string[];
}

/** What a peer needs of the bridge. */
export interface PeerOptions {
  readonly key: string;
  readonly clock: Clock;
  readonly idleMs: number;
  readonly log: Log;
  readonly call: CallServices;
  offered(): readonly string[];
  /** Who we are, as told to a node that has reached us at an address. */
  introduce(host: string, port: number): Handshake;
  /** Nodes near a key, but for one. */
  near(target: Uint8Array, asker: Peer): readonly FlatendId[];
  /** It has said what it offers, or says something else than before. */
  onOffers(peer: Peer, services: readonly string[]): void;
  onEnd(peer: Peer): void;
}

/** One connected node. */
export class Peer implements FlatendPeer {
  readonly key: string;
  readonly address: string;
  readonly #options: PeerOptions;
  readonly #connection: Connection;
  readonly #gauge: Gauge;
  readonly #pushes: Pushes;
  readonly #answers: Answers;
  readonly #own: { readonly host: string; readonly port: number };
  readonly #stopClock: () => void;
  #handshake: Handshake | undefined;
  /** Bodies that it waits for the end of. */
  #broken = 0;

  /** Takes over a socket that was accepted. */
  constructor(socket: Socket, options: PeerOptions) {
    const { clock, idleMs, log, call } = options;
    this.#options = options;
    this.key = options.key;
    this.address = unmapped(socket.remoteAddress!);
    this.#own = { host: unmapped(socket.localAddress!), port: socket.localPort! };
    const remoteAddr = { transport: "tcp", hostname: this.address, port: socket.remotePort! } as const;
    this.#connection = new Connection(socket, this, clock);
    this.#gauge = new Gauge(this.#connection, clock);
    const streams: StreamsOptions = {
      connection: this.#connection,
      gauge: this.#gauge,
      clock,
      idleMs,
      log,
      onBroken: () => {
        this.#broken++;
        this.#checkWorn();
      },
      onOver: () => this.#checkWorn(),
    };
    this.#pushes = new Pushes(streams);
    this.#answers = new Answers({ ...streams, remoteAddr, call, offered: () => options.offered() });
    this.#stopClock = clock.after(flatendLimits.handshakeMs, () => this.end("it does not say who it is"));
  }

  get nodeId(): NodeId | undefined {
    return this.id && nodeIdOf(this.id.publicKey);
  }

  get services(): readonly string[] {
    return this.#handshake?.services ?? [];
  }

  /** Its key, which it has proven, and where it says that it listens; undefined when it says nothing of the kind. */
  get id(): FlatendId | undefined {
    return this.#handshake?.id;
  }

  /** What others are told: one that listens "here" does so where it connects from. */
  get contact(): FlatendId | undefined {
    return this.id && isUnspecified(this.id.host) ? { ...this.id, host: this.address } : this.id;
  }

  /** Asks the first of the services that it has; see {@linkcode Pushes.push}. */
  async push(services: readonly string[], request: Request, info?: RequestInfo): Promise<Response> {
    const isOffered = services.some((service) => this.services.includes(service));
    if (!isOffered || this.#connection.isEnded) throw new FlatendError("unhandled");
    return await this.#pushes.push(services, request, info);
  }

  /** It has said who it is. */
  get isGreeted(): boolean {
    return this.#handshake !== undefined;
  }

  /** Ends the connection. */
  end(reason: string): void {
    this.#connection.end(reason);
  }

  onPacket(packet: Packet, number: number): void {
    if (packet.type === "handshake") return this.#greet(packet.handshake, number);
    if (!this.#handshake) throw new MalformedError(`A packet of the type ${packet.type} came before the handshake`);
    if (packet.type === "find") this.#reply(writeFound(this.#options.near(packet.target, this)), number);
    else if (packet.type === "request") this.#answers.onRequest(packet);
    else if (packet.type === "response") this.#pushes.onHead(packet);
    else if (packet.stream >= FIRST_STREAM) this.#pushes.onData(packet.stream, packet.bytes);
    else this.#answers.onData(packet.stream, packet.bytes);
  }

  onEnd(reason: string, isFault: boolean): void {
    this.#stopClock();
    this.#gauge.stop();
    const cause = new Error(`The connection has ended: ${reason}`);
    this.#pushes.end(new FlatendError("broken", { cause }));
    this.#answers.end(new HttpError(499, "The node has left", { cause }));
    const { log, onOffers, onEnd } = this.#options;
    const { address, nodeId: node } = this;
    log(isFault ? "warn" : "info", "The connection of a flatend node has ended", { reason, address, node });
    if (this.services.length > 0) onOffers(this, []);
    onEnd(this);
  }

  /** It may say who it is more than once, but not that it is somebody else. */
  #greet(handshake: Handshake, number: number): void {
    const { id, services, signature } = handshake;
    if (id && !verifySignature(nodeIdOf(id.publicKey), signedBytes(id, services), signature!)) {
      throw new MalformedError("The signature of a handshake is wrong");
    }
    if (this.#handshake && id && nodeIdOf(id.publicKey) !== this.nodeId) {
      throw new MalformedError("A node says that it is another one than before");
    }
    const before = this.services;
    this.#handshake = this.#handshake && !id ? { ...this.#handshake, services } : handshake;
    this.#stopClock();
    this.#reply(writeHandshake(this.#options.introduce(this.#own.host, this.#own.port)), number);
    if (before.join("\0") !== services.join("\0")) this.#options.onOffers(this, services);
  }

  #reply(message: Uint8Array, number: number): void {
    this.#connection.send([message], number).catch(() => {/* it is gone, and wants no reply */});
  }

  /** Begins the connection anew when that hurts nobody: the node comes back, and the ends it waits for are forgotten. */
  #checkWorn(): void {
    const isWorn = this.#broken >= flatendLimits.broken || this.#pushes.isUsedUp;
    if (isWorn && this.#pushes.size === 0 && this.#answers.size === 0) this.end("it has had enough requests");
  }
}
