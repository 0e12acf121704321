/**
 * Keys that sign: whoever is known by one is known everywhere by its id. Ed25519 or RSA, by node:crypto, which verifies
 * at once where WebCrypto changes threads. Nothing here puts a private key into an error, a log or a JSON text.
 */

import { Buffer } from "node:buffer";
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signBytes,
  verify as verifyBytes,
} from "node:crypto";
import { limits } from "../limits.ts";

/** Ed25519 (RFC 8032), or RSA as PKCS #1 v1.5 with SHA-256 (RFC 8017 §8.2). */
export type KeyType = "ed25519" | "rsa";

/** The half of a key pair that everybody may have. */
export interface PublicKey {
  /** Its name: the first 132 bits of the SHA-256 of `spki`'s bytes, in base64url. */
  readonly id: string;
  /** What kind of key it is. */
  readonly type: KeyType;
  /** Base64 of its SubjectPublicKeyInfo (RFC 5280 §4.1), in DER: what travels. */
  readonly spki: string;
  /** The same as PEM. */
  readonly publicPem: string;
  /** Tells whether the holder of the private key has signed these data; text is taken as UTF-8. */
  verify(data: Uint8Array | string, signature: Uint8Array): boolean;
}

/** Both halves. */
export interface KeyPair extends PublicKey {
  /** Signs data; text is taken as UTF-8. */
  sign(data: Uint8Array | string): Uint8Array<ArrayBuffer>;
  /** The private key as PEM of PKCS #8: a secret. */
  toPrivatePem(): string;
}

/** Letters of base64url in an id. */
const ID_LENGTH = 22;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * Makes a key pair. One of RSA takes a second or more, in which nothing else happens.
 *
 * @param type Ed25519 by default
 * @throws {TypeError} unknown type
 */
export function newKeyPair(type: KeyType = "ed25519"): KeyPair {
  if (type === "ed25519") return new SigningKey(generateKeyPairSync("ed25519").privateKey);
  if (type === "rsa") return new SigningKey(generateKeyPairSync("rsa", { modulusLength: limits.rsaBits }).privateKey);
  throw new TypeError(`Cannot make a key of type ${JSON.stringify(type)}: known are ed25519 and rsa`);
}

/**
 * A public key that came from somebody else.
 *
 * @param spki base64 of SPKI in DER
 * @throws {TypeError} anything but the one right way to write an Ed25519 key or an RSA key of 2048 to 4096 bits
 */
export function publicKeyFrom(spki: string): PublicKey {
  if (typeof spki !== "string") throw new TypeError("A public key is a text");
  if (spki.length > limits.publicKeyChars) {
    throw new TypeError(`A public key has no more than ${limits.publicKeyChars} characters`);
  }
  if (!BASE64.test(spki)) throw new TypeError("A public key is base64");
  const key = readPublic(() => createPublicKey({ key: Buffer.from(spki, "base64"), format: "der", type: "spki" }));
  // Two ways to write one key would be two ids for it.
  if (key.spki !== spki) {
    throw new TypeError("A public key is written in the one way that DER and base64 allow");
  }
  return key;
}

/**
 * A public key from one block of PEM: `PUBLIC KEY` or `RSA PUBLIC KEY`.
 *
 * @throws {TypeError} when it can't be used
 */
export function publicKeyFromPem(pem: string): PublicKey {
  return readPublic(() => createPublicKey(pem));
}

/**
 * A key pair from one block of PEM: `PRIVATE KEY` or `RSA PRIVATE KEY`.
 *
 * @throws {TypeError} when it can't be used; holds nothing of the key
 */
export function keyPairFromPem(pem: string): KeyPair {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // Without the cause: what a parser says of its input may hold some of it.
    throw new TypeError("The private key is damaged, or neither of Ed25519 nor of RSA");
  }
  return new SigningKey(key);
}

function readPublic(read: () => KeyObject): PublicKey {
  let key: KeyObject;
  try {
    key = read();
  } catch (cause) {
    throw new TypeError(
      `The public key is damaged, or neither of Ed25519 nor of RSA with ${BITS} bits`,
      { cause },
    );
  }
  return new VerifyingKey(key);
}

/** Above 4096 bits Deno reads no RSA key; below 2048 they have been, or soon will be, factored. */
const BITS = `${limits.rsaBitsMin} to ${limits.rsaBitsMax}`;
const ADVICE = "make a new one with `sluice keys new`";

/** The type of a key that may be used. */
function checkType(key: KeyObject): KeyType {
  const type = key.asymmetricKeyType;
  if (type === "ed25519") return type;
  if (type !== "rsa") throw new TypeError(`A key of type ${type} is of no use here: known are ed25519 and rsa`);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < limits.rsaBitsMin) {
    throw new TypeError(`An RSA key of ${bits} bits can be factored: ${BITS} are needed; ${ADVICE}`);
  }
  if (bits > limits.rsaBitsMax) {
    throw new TypeError(`An RSA key of ${bits} bits is too long: ${BITS} are read; ${ADVICE}`);
  }
  return type;
}

class VerifyingKey implements PublicKey {
  readonly id: string;
  readonly type: KeyType;
  readonly spki: string;
  readonly #key: KeyObject;

  constructor(key: KeyObject) {
    this.type = checkType(key);
    this.#key = key;
    const der = key.export({ type: "spki", format: "der" });
    this.spki = der.toString("base64");
    this.id = createHash("sha256").update(der).digest("base64url").slice(0, ID_LENGTH);
  }

  get publicPem(): string {
    return this.#key.export({ type: "spki", format: "pem" }).toString();
  }

  verify(data: Uint8Array | string, signature: Uint8Array): boolean {
    return verifyBytes(digestOf(this.type), bytesOf(data), this.#key, signature);
  }
}

class SigningKey extends VerifyingKey implements KeyPair {
  readonly #key: KeyObject;

  constructor(key: KeyObject) {
    checkType(key);
    super(createPublicKey(key));
    this.#key = key;
  }

  sign(data: Uint8Array | string): Uint8Array<ArrayBuffer> {
    return new Uint8Array(signBytes(digestOf(this.type), bytesOf(data), this.#key));
  }

  toPrivatePem(): string {
    return this.#key.export({ type: "pkcs8", format: "pem" }).toString();
  }
}

/** Ed25519 has its own inside. */
function digestOf(type: KeyType): string | null {
  return type === "rsa" ? "sha256" : null;
}

function bytesOf(data: Uint8Array | string): Uint8Array {
  return typeof data === "string" ? new TextEncoder().encode(data) : data;
}
