/** Signs what is sent to webhooks, so that a receiver can tell who sent it, and when: Ed25519 over `<seconds>.<body>`. */

import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";

/** The public key, as receivers look it up (RFC 8037). */
export interface WebhookJwk {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly x: string;
  readonly kid: string;
  readonly use: "sig";
  readonly alg: "EdDSA";
}

const encoder = new TextEncoder();

/** Makes a new private key, in PKCS #8. */
export async function makeSigningKey(): Promise<Uint8Array> {
  const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]) as CryptoKeyPair;
  return new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
}

/** Signs with one key. */
export class WebhookSigner {
  readonly #key: CryptoKey;
  /** The public half. */
  readonly jwk: WebhookJwk;

  private constructor(key: CryptoKey, jwk: WebhookJwk) {
    this.#key = key;
    this.jwk = jwk;
  }

  /** @param pkcs8 a key of {@linkcode makeSigningKey} */
  static async from(pkcs8: Uint8Array): Promise<WebhookSigner> {
    const key = await crypto.subtle.importKey("pkcs8", new Uint8Array(pkcs8), "Ed25519", true, ["sign"]);
    const { x } = await crypto.subtle.exportKey("jwk", key);
    return new WebhookSigner(key, publicJwk(x!));
  }

  /**
   * The value of `Webhook-Signature`.
   *
   * @param body as it is sent, to the byte
   * @param nowMs milliseconds since 1970
   */
  async sign(body: string, nowMs: number): Promise<string> {
    const seconds = Math.floor(nowMs / 1000);
    const signature = await crypto.subtle.sign("Ed25519", this.#key, encoder.encode(`${seconds}.${body}`));
    return `t=${seconds},kid=${this.jwk.kid},ed25519=${Buffer.from(signature).toString("base64url")}`;
  }
}

/** Its id is its thumbprint (RFC 7638): the same key has the same id wherever it is published. */
function publicJwk(x: string): WebhookJwk {
  const thumbprint = createHash("sha256").update(JSON.stringify({ crv: "Ed25519", kty: "OKP", x })).digest("base64url");
  return { kty: "OKP", crv: "Ed25519", x, kid: `ds_${thumbprint}`, use: "sig", alg: "EdDSA" };
}
