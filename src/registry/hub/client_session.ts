/** One client of a hub: what it wants changed, and what it is answered. */

import { RegistryError } from "../registry_error.ts";
import type { JsonValue, Service } from "../service.ts";
import type { Link } from "../wire/link.ts";
import type { ChangeRequest, HubMessage } from "../wire/messages.ts";
import { type Message, readRequest } from "../wire/read_message.ts";
import type { Guest } from "./doorkeeper.ts";
import type { Session } from "./registrar.ts";

/** What a session needs of its hub. */
export interface SessionHub {
  register(session: Session, input: unknown): Service;
  set(session: Session, id: string, input: Readonly<Record<string, JsonValue>>): Service;
  free(session: Session, id: string): void;
  follow(link: Link): void;
  reject(error: RegistryError, address: string): void;
}

const CHANGES = new Set(["register", "set", "free"]);

/** One client. */
export class ClientSession implements Session {
  readonly owner: string;
  readonly incarnation: number;
  readonly isAdmin: boolean;
  readonly host: string;
  readonly #guest: Guest;
  readonly #hub: SessionHub;

  /** @param host what services get that name no host */
  constructor(guest: Guest, host: string, hub: SessionHub) {
    this.#guest = guest;
    this.#hub = hub;
    this.host = host;
    this.owner = guest.key?.id ?? "";
    this.incarnation = guest.hello.incarnation;
    this.isAdmin = guest.isAdmin;
    guest.link.onMessage = (message) => this.#take(message);
  }

  onLost(id: string): void {
    this.#say({ type: "lost", id });
    const message = `Cannot keep ${id}: another owner has registered it at another hub, later`;
    this.#hub.reject(new RegistryError("taken", message), this.#guest.address);
  }

  #say(message: HubMessage): void {
    this.#guest.link.send(message);
  }

  #take(message: Message): void {
    const { link, opener, address } = this.#guest;
    if (message.type === "follow") return this.#hub.follow(link);
    try {
      // Who may not change anything is told so, sealed or not, and may go on looking.
      const opened = message.type === "sealed" && opener ? opener.open(message) : message;
      if (!CHANGES.has(opened.type)) throw new RegistryError("protocol", `Clients have no message of this type`);
      this.#change(readRequest(opened), opened !== message);
    } catch (error) {
      if (error instanceof RegistryError) this.#hub.reject(error, address);
      throw error;
    }
  }

  #change(request: ChangeRequest, isSealed: boolean): void {
    try {
      this.#check(isSealed);
      const service = this.#perform(request);
      this.#say({ type: "done", request: request.request, ...service ? { service } : {} });
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      const { code, message } = error;
      this.#say({ type: "refused", request: request.request, code, message });
      this.#hub.reject(error, this.#guest.address);
    }
  }

  #perform(request: ChangeRequest): Service | undefined {
    if (request.type === "register") return this.#hub.register(this, request.service);
    if (request.type === "set") return this.#hub.set(this, request.id, request.service);
    this.#hub.free(this, request.id);
    return undefined;
  }

  #check(isSealed: boolean): void {
    const { key, mayChange, opener } = this.#guest;
    if (!mayChange) {
      const why = key ? `the hub does not know the key ${key.id}` : "that needs a key";
      throw new RegistryError("unauthorized", `Cannot change anything here: ${why}`);
    }
    if (opener && !isSealed) throw new RegistryError("signature", "Cannot change anything here unsigned");
  }
}
