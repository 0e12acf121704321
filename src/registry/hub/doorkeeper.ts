/** Who comes in at a hub: it greets, reads the hello, and checks keys and tokens. */

import { randomBytes } from "node:crypto";
import { limits } from "../../limits.ts";
import { KnownTokens } from "../../http/tokens.ts";
import { type KeyPair, type PublicKey, publicKeyFrom } from "../../net/keys.ts";
import { RegistryError } from "../registry_error.ts";
import type { Link } from "../wire/link.ts";
import { type Greeting, type Hello, PROTOCOL } from "../wire/messages.ts";
import { readHello } from "../wire/read_message.ts";
import { helloText, Opener, verifyText } from "../wire/seal.ts";
import type { AuthorizedKey } from "./hub_options.ts";

/** Somebody who was let in. */
export interface Guest {
  readonly link: Link;
  readonly hello: Hello;
  /** The address it comes from. */
  readonly address: string;
  /** Its key, proved; undefined for one that can only look. */
  readonly key: PublicKey | undefined;
  readonly mayChange: boolean;
  readonly isAdmin: boolean;
  /** Opens what it has to sign, as hubs always have; undefined where nothing has to be. */
  readonly opener: Opener | undefined;
}

/** What the doorkeeper knows of its hub. */
export interface House extends Pick<Greeting, "hub" | "start" | "heartbeatMs" | "timeoutMs"> {
  readonly key: KeyPair;
  readonly authorized: readonly AuthorizedKey[] | undefined;
  readonly queryToken: string | undefined;
  readonly clock: () => number;
}

/** The door of one hub. */
export class Doorkeeper {
  readonly #house: House;
  readonly #authorized: Map<string, AuthorizedKey> | undefined;
  readonly #tokens: KnownTokens | undefined;

  constructor(house: House) {
    const { authorized, key, queryToken } = house;
    this.#house = house;
    this.#authorized = authorized && new Map(authorized.map((entry) => [entry.key.id, entry]));
    this.#authorized?.set(key.id, { key, isAdmin: true });
    this.#tokens = queryToken === undefined ? undefined : new KnownTokens([{ token: queryToken, write: false }]);
  }

  /** Changes have to be signed. */
  get isClosed(): boolean {
    return this.#authorized !== undefined;
  }

  /** Lets the holder of a key change services. */
  authorize(entry: AuthorizedKey): void {
    if (!this.#authorized) {
      throw new TypeError(
        "Cannot authorize a key: the hub was made without `authorized`, so that everybody may change",
      );
    }
    this.#authorized.set(entry.key.id, entry);
  }

  /**
   * Whether a hub on the other side of a call that we made is one to be trusted.
   *
   * @throws {RegistryError} `unauthorized`
   */
  checkHub(key: PublicKey | undefined): void {
    if (!this.#authorized || this.#authorized.get(key?.id ?? "")?.isAdmin) return;
    throw new RegistryError("unauthorized", `The key of the other hub, ${key?.id ?? "none"}, is not an admin key here`);
  }

  /**
   * Receives somebody.
   *
   * @param onGuest told when it was let in; it takes what the link brings from then on
   * @param onReject told when it was not
   */
  receive(
    link: Link,
    address: string,
    onGuest: (guest: Guest) => void,
    onReject: (error: RegistryError) => void,
  ): void {
    const { hub, start, heartbeatMs, timeoutMs, clock } = this.#house;
    const challenge = randomBytes(18).toString("base64url");
    const { isClosed: signed } = this;
    const greeting = {
      version: PROTOCOL,
      hub,
      start,
      challenge,
      time: Math.round(clock()),
      signed,
      heartbeatMs,
      timeoutMs,
      address,
    };
    link.send({ type: "hub", ...greeting } satisfies Greeting);
    const late = setTimeout(() => {
      link.refuse(new RegistryError("protocol", `No hello came within ${limits.registryHelloMs / 1000} s`));
    }, limits.registryHelloMs);
    link.closed.then(() => clearTimeout(late));
    link.onMessage = (message) => {
      clearTimeout(late);
      try {
        onGuest(this.#admit(link, address, readHello(message), challenge));
      } catch (error) {
        if (error instanceof RegistryError) onReject(error);
        throw error;
      }
    };
  }

  /** @throws {RegistryError} */
  #admit(link: Link, address: string, hello: Hello, challenge: string): Guest {
    const key = this.#proved(hello, challenge);
    const entry = key && this.#authorized?.get(key.id);
    const isAdmin = entry?.isAdmin ?? false;
    const mayChange = key !== undefined && (!this.#authorized || entry !== undefined);
    if (hello.kind === "hub" && (this.#authorized ? !isAdmin : !key)) {
      throw new RegistryError("unauthorized", `The key ${key?.id ?? "none"} is not an admin key here: hubs need one`);
    }
    if (this.#tokens && !entry && !this.#tokens.find(hello.token ?? "")) {
      throw new RegistryError("unauthorized", "A token that is known here is needed to look for services");
    }
    const opener = key && (this.#authorized || hello.kind === "hub")
      ? new Opener(key, challenge, this.#house.clock)
      : undefined;
    return { link, hello, address, key, mayChange, isAdmin, opener };
  }

  #proved(hello: Hello, challenge: string): PublicKey | undefined {
    if (hello.key === undefined) return undefined;
    let key: PublicKey;
    try {
      key = publicKeyFrom(hello.key);
    } catch (cause) {
      throw new RegistryError("unauthorized", `The key can't be used: ${(cause as Error).message}`, { cause });
    }
    if (verifyText(key, helloText(this.#house.hub, challenge, hello), hello.signature)) return key;
    throw new RegistryError("signature", `The hello is not signed with the key that it shows, ${key.id}`);
  }
}
