/** Who may ask: users with passwords, or tokens. */

import type { AuthConfig, BasicUser } from "../model.ts";
import type { Place } from "../place.ts";
import type { RawAuth, RawUser } from "../raw.ts";
import { secretOf, secretsOf } from "./secret.ts";

/** Reads it; undefined, with a fault noted, when it can't be. */
export function authOf(place: Place, { basic, bearer, realm = "sluice" }: RawAuth): AuthConfig | undefined {
  if ((basic === undefined) === (bearer === undefined)) {
    return place.fault(
      basic === undefined ? "lets nobody in: give basic or bearer" : "has both basic and bearer: keep one",
    );
  }
  if (!/^[\x20-\x7e]*$/.test(realm) || /["\\]/.test(realm)) {
    place.at("realm").fault("has to be plain text without quotes");
  }
  if (bearer) {
    const tokens = bearer.flatMap((raw, index) => {
      const at = place.at("bearer", index);
      return secretsOf(at, raw).filter((token) => isToken(at, token));
    });
    return { kind: "bearer", realm, tokens };
  }
  const users = basic!.flatMap((raw, index) => usersOf(place.at("basic", index), raw));
  const twice = users.find(({ name }, index) => users.findIndex((other) => other.name === name) !== index);
  if (twice) place.at("basic").fault(`has the user ${twice.name} twice`);
  return { kind: "basic", realm, users };
}

function isToken(place: Place, token: string): boolean {
  if (/^[A-Za-z0-9._~+/-]+=*$/.test(token)) return true;
  place.fault("is no bearer token: those have letters, digits and . _ ~ + / - with = at their end (RFC 6750)");
  return false;
}

function usersOf(place: Place, raw: string | RawUser): readonly BasicUser[] {
  if (typeof raw === "string") return lineOf(place, raw) ?? [];
  const { name, password, hash, env, file } = raw;
  if (env !== undefined || file !== undefined) {
    if (name === undefined && password === undefined && hash === undefined) {
      return secretsOf(place, { env, file }).flatMap((line) => lineOf(place, line) ?? []);
    }
    return place.fault("has env or file beside others: put them into password") ?? [];
  }
  if (name === undefined || name.includes(":")) return place.fault("needs a name without a colon") ?? [];
  if ((password === undefined) === (hash === undefined)) {
    return place.fault(hash === undefined ? "needs password or hash" : "has both password and hash: keep one") ?? [];
  }
  if (hash !== undefined) return userOf(place.at("hash"), name, hash, true) ?? [];
  const text = secretOf(place.at("password"), password!);
  return text === undefined ? [] : userOf(place.at("password"), name, text, text.startsWith("sha256:")) ?? [];
}

/** `name:password` or `name:sha256:DIGEST`. */
function lineOf(place: Place, line: string): readonly BasicUser[] | undefined {
  const [, name, rest] = /^([^:]+):(.+)$/.exec(line) ?? [];
  if (name === undefined) return place.fault("is not name:password");
  return userOf(place, name, rest, rest.startsWith("sha256:"));
}

function userOf(place: Place, name: string, secret: string, isHash: boolean): readonly BasicUser[] | undefined {
  if (!isHash) {
    // Such a password would let nobody in who knows what was hashed.
    if (/^(\$(apr1|2[abxy]|[156])\$|\{\w+\})/.test(secret)) {
      return place.fault("is a hash of a kind that is not known here: give sha256: and the digest in hex");
    }
    return [{ name, password: secret, hash: undefined }];
  }
  const hash = secret.toLowerCase();
  if (/^sha256:[0-9a-f]{64}$/.test(hash)) return [{ name, password: undefined, hash }];
  return place.fault("is not sha256: and a digest of 64 hex digits");
}
