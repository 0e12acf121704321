/**
 * Names and passwords (RFC 7617). To check one costs two digests, for a name that is not known too, so that time tells
 * nothing of names.
 */

import { hash, timingSafeEqual } from "node:crypto";
import type { Handler } from "../../http/handler.ts";
import { changedRequest, fieldOfRequest } from "../../http/served_request.ts";
import type { AuthConfig, BasicUser } from "../config/model.ts";
import { quoted, refuse } from "./challenge.ts";
import { nameUser } from "./user_of.ts";

/** What a client sends of itself. */
interface Credentials {
  readonly name: string;
  readonly password: string;
}

/** Control characters are in no name and no password (RFC 7617 §2). */
const CONTROL = /\p{Cc}/u;

/**
 * Lets requests through that bring a name and its password. The field that holds them ends here: neither programs (RFC
 * 3875 §4.1.18) nor upstreams see it.
 *
 * @throws {TypeError} for users or a realm that can't be
 */
export function basicAuth(handler: Handler, config: Extract<AuthConfig, { kind: "basic" }>): Handler {
  const users = new Users(config.users);
  const challenge = `Basic realm=${quoted(config.realm)}, charset="UTF-8"`;
  return (request, info) => {
    const credentials = parseBasic(fieldOfRequest(request, "authorization"));
    if (!credentials) return refuse("A name and a password are needed", challenge);
    if (!users.has(credentials)) return refuse("The name or the password is wrong", challenge);
    const { name } = credentials;
    nameUser(request, name);
    const user = { name, scheme: "Basic" } as const;
    return handler(changedRequest(request, { without: ["authorization"] }), { ...info, user });
  };
}

class Users {
  /** Digests of passwords by name. */
  readonly #digests: ReadonlyMap<string, Uint8Array>;
  /** Stands for the digest of a name that is not known: that of no password. */
  readonly #nobody = crypto.getRandomValues(new Uint8Array(32));

  constructor(users: readonly BasicUser[]) {
    this.#digests = new Map(users.map((user) => [nameIn(user), digestIn(user)]));
    if (this.#digests.size < users.length) throw new TypeError("Cannot let users in: two have one name");
  }

  has({ name, password }: Credentials): boolean {
    return timingSafeEqual(this.#digests.get(name) ?? this.#nobody, digest(password));
  }
}

/** What an `Authorization` field says; undefined for another scheme, and for what is malformed. */
function parseBasic(field: string | null): Credentials | undefined {
  const token = /^basic +([\w+/-]+={0,2})\s*$/i.exec(field ?? "")?.[1];
  if (token === undefined) return undefined;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.fromBase64(token));
  } catch {
    return undefined; // neither base64 nor UTF-8: as good as nothing
  }
  const colon = text.indexOf(":");
  if (colon === -1 || CONTROL.test(text)) return undefined;
  return { name: normal(text.slice(0, colon)), password: text.slice(colon + 1) };
}

function nameIn({ name }: BasicUser): string {
  if (name.includes(":") || CONTROL.test(name)) {
    throw new TypeError(`Cannot let ${JSON.stringify(name)} in: a name has no colon and no control characters`);
  }
  return normal(name);
}

function digestIn({ name, password, hash }: BasicUser): Uint8Array {
  if (hash !== undefined && /^sha256:[\da-f]{64}$/i.test(hash)) return Uint8Array.fromHex(hash.slice("sha256:".length));
  if (hash === undefined && password !== undefined) return digest(password);
  throw new TypeError(`Cannot let ${name} in: a password is needed, or a hash as sha256: and 64 hexadecimal digits`);
}

/** Keyboards write one letter in several ways (RFC 7617 §2.1). */
function normal(text: string): string {
  return text.normalize("NFC");
}

function digest(password: string): Uint8Array {
  return hash("sha256", normal(password), "buffer");
}
