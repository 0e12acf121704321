/**
 * The connection of one client of npm seaport 2.x. The client speaks first: a new one says that this is all, and one that
 * comes back says what it knows, its own services and those of others. Only then can it be told anything, because it
 * takes what it is told of its own services for their new state.
 */

import type { Socket } from "node:net";
import { limits } from "../../limits.ts";
import type { Session } from "../hub/registrar.ts";
import { RegistryError } from "../registry_error.ts";
import { Claims, notOwner, type SeaportHub } from "./claims.ts";
import { isHeard, toMeta } from "./documents.ts";
import { Feed, type News, type Telling } from "./feed.ts";
import { LineReader, type Meta, type SeaportRow, writeLine } from "./lines.ts";

/** Who a client is. */
export interface SeaportClient {
  readonly owner: string;
  readonly incarnation: number;
  /** Where it connects from. */
  readonly address: string;
  /** Where its services are, to everybody else. */
  readonly host: string;
}

const HEARTBEAT = writeLine(["heartbeat"]);

/** One client. */
export class SeaportSession implements Session {
  readonly owner: string;
  readonly incarnation: number;
  readonly isAdmin = false;
  readonly host: string;
  readonly address: string;
  readonly #hub: SeaportHub;
  readonly #socket: Socket;
  readonly #claims: Claims;
  readonly #feed: Feed;
  readonly #lines = new LineReader();
  /** What it was told is gone, and frees in answer. */
  readonly #echoes = new Set<string>();
  #silence: ReturnType<typeof setTimeout>;
  #heardAt = performance.now();
  /** When it last took something. */
  #tookAt = performance.now();

  constructor(socket: Socket, client: SeaportClient, hub: SeaportHub) {
    this.#socket = socket;
    this.#hub = hub;
    this.owner = client.owner;
    this.incarnation = client.incarnation;
    this.host = client.host;
    this.address = client.address;
    this.#claims = new Claims(this, hub);
    this.#feed = new Feed(hub.catalog);
    this.#silence = this.#waitForSilence(limits.seaportSilentMs);
    socket.on("data", (bytes: Uint8Array) => this.#take(bytes));
    socket.on("end", () => this.cut());
    socket.on("close", () => {
      clearTimeout(this.#silence);
      this.#claims.end();
    });
    this.#write(writeLine(["helo", this.host]));
  }

  /** Something happened to a service. */
  note(news: News): void {
    if (news.id === this.#claims.registering) this.#feed.forget(news.id);
    else if (this.#claims.note(news)) this.#feed.note(news);
  }

  /** Tells the client what it has not been told yet, as far as it takes it. */
  pump(): void {
    while (this.#socket.writable && this.#socket.writableLength < limits.registryAheadBytes) {
      const text = this.#gather();
      if (text === "") return;
      this.#write(text);
    }
  }

  /** Gives a sign of life. */
  beat(): void {
    if (this.#socket.writable) this.#write(HEARTBEAT);
  }

  /** True when nothing was heard of it for so long, or when it took nothing for so long of what waits for it. */
  isSilent(now: number, timeoutMs: number): boolean {
    return now - this.#heardAt > timeoutMs || this.#socket.writableLength > 0 && now - this.#tookAt > timeoutMs;
  }

  /** This process itself stood still: what came meanwhile has not been read yet. */
  excuse(ms: number): void {
    this.#heardAt += ms;
    this.#tookAt += ms;
  }

  /** Ends the connection at once. */
  cut(): void {
    this.#socket.destroy();
  }

  onLost(id: string): void {
    this.#claims.lose(id);
  }

  #write(text: string): void {
    if (this.#socket.writableLength === 0) this.#tookAt = performance.now();
    this.#socket.write(text, () => {
      this.#tookAt = performance.now();
      this.pump();
    });
    if (this.#socket.writableLength > limits.registryWaitingBytes) this.cut();
  }

  #take(bytes: Uint8Array): void {
    this.#heardAt = performance.now();
    try {
      for (const row of this.#lines.read(bytes)) this.#perform(row);
    } catch (error) {
      if (error instanceof RegistryError) this.#hub.reject(error, this.address);
      else this.#hub.warn(`A line could not be dealt with: ${error}`, this.address);
      this.cut();
    }
  }

  #perform(row: SeaportRow): void {
    if (row[0] === "register") this.#register(row[1], row[2]);
    else if (row[0] === "free") this.#free(row[1]);
    else this.#begin();
  }

  #register(id: string, meta: Meta): void {
    if (!isHeard(meta)) return this.#claims.register(id, meta);
    if (this.#feed.isBegun) return this.#claims.repeat(id, meta);
    this.#feed.remember(id, meta);
    if (this.#feed.known <= limits.registryServices) return;
    throw new RegistryError("limit", `A client knows of no more than ${limits.registryServices} services`);
  }

  #free(id: string): void {
    if (this.#claims.free(id) || this.#echoes.delete(id) || !this.#hub.catalog.get(id)) return;
    this.#hub.reject(notOwner(id), this.address);
  }

  #waitForSilence(ms: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      const leftMs = limits.seaportSilentMs - (performance.now() - this.#heardAt);
      if (leftMs > 0) this.#silence = this.#waitForSilence(leftMs);
      else this.#begin();
    }, ms);
  }

  /** The client has said what it came with: it can be told what there is. */
  #begin(): void {
    if (this.#feed.isBegun) return;
    clearTimeout(this.#silence);
    this.#feed.begin();
    this.pump();
  }

  /** Some of what the client is to be told. */
  #gather(): string {
    let text = "";
    while (text.length < limits.registryPartChars) {
      const telling = this.#feed.next();
      if (!telling) break;
      text += telling.type === "synced" ? writeLine(["synced"]) : this.#textOf(telling);
    }
    return text;
  }

  #textOf({ id, service, replaces, isOld }: Telling): string {
    if (this.#claims.waitsFor(id)) return "";
    const isOwn = this.#claims.holds(id);
    if (isOwn && isOld) return "";
    let text = "";
    // Its own it would take for gone, and for that of another afterwards.
    if (!service || replaces && !isOwn) {
      this.#expectEcho(id);
      text += writeLine(["free", id]);
    }
    return service ? text + writeLine(["register", id, toMeta(service, isOwn ? undefined : this.#hub.hub)]) : text;
  }

  /** Clients hand on what they are told is gone, to where they have it from, too. */
  #expectEcho(id: string): void {
    this.#echoes.add(id);
    const [oldest] = this.#echoes;
    if (this.#echoes.size > limits.seaportEchoes) this.#echoes.delete(oldest);
  }
}
