import { equal, match, notEqual, ok } from "node:assert/strict";
import { createPublicKey, type JsonWebKey, verify } from "node:crypto";
import { Buffer } from "node:buffer";
import { readToken, writeToken } from "../../../src/loom/subscriptions/callback_token.ts";
import { makeSigningKey, WebhookSigner } from "../../../src/loom/subscriptions/webhook_signer.ts";

Deno.test("a webhook's signature can be verified with the public key alone", async () => {
  const signer = await WebhookSigner.from(await makeSigningKey());
  const body = JSON.stringify({ text: "grüße" });
  const header = await signer.sign(body, 1_700_000_000_999);
  const [, seconds, kid, signature] = /^t=(\d+),kid=([^,]+),ed25519=([A-Za-z0-9_-]+)$/.exec(header)!;
  equal(seconds, "1700000000");
  equal(kid, signer.jwk.kid);
  match(kid, /^ds_[A-Za-z0-9_-]{43}$/);
  const key = createPublicKey({ key: signer.jwk as unknown as JsonWebKey, format: "jwk" });
  const verified = (text: string) => verify(null, Buffer.from(text), key, Buffer.from(signature, "base64url"));
  ok(verified(`1700000000.${body}`));
  ok(!verified(`1700000001.${body}`));
  ok(!verified(`1700000000.${body} `));
});

Deno.test("the id of a key is its thumbprint as RFC 8037 computes it, so that it outlives the server", async () => {
  // The key of RFC 8037, appendix A.1, in PKCS #8, and its thumbprint of appendix A.3.
  const seed = Buffer.from("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", "base64url");
  const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  const { jwk } = await WebhookSigner.from(pkcs8);
  equal(jwk.x, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
  equal(jwk.kid, "ds_kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
});

Deno.test("a wake's token is read by its own subscription alone, and tells its generation", () => {
  const key = new Uint8Array(32).fill(1);
  const subject = { id: "s", birth: "b1" };
  const token = writeToken(key, subject, 7);
  equal(readToken(key, subject, token), 7);
  equal(readToken(key, { id: "s", birth: "b2" }, token), undefined);
  equal(readToken(key, { id: "t", birth: "b1" }, token), undefined);
  equal(readToken(new Uint8Array(32), subject, token), undefined);
  notEqual(writeToken(key, subject, 8), token);
});

Deno.test("tokens that were tampered with are not read", () => {
  const key = new Uint8Array(32).fill(1);
  const subject = { id: "s", birth: "b1" };
  const token = writeToken(key, subject, 7);
  const [, mac] = token.split(".");
  for (
    const wrong of ["", ".", token + "A", token.slice(0, -1), `8.${mac}`, `07.${mac}`, `-7.${mac}`, `7.${mac} `, "7."]
  ) {
    // The number is hashed as it is read, so that one written otherwise is the same number: only then may it be read.
    const read = readToken(key, subject, wrong);
    ok(read === undefined || wrong === `07.${mac}`, wrong);
  }
  equal(readToken(key, subject, "1".repeat(1000) + "." + mac), undefined);
});
