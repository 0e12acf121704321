/** Where certificates come from: files, ourselves, or an authority. */

import { join } from "node:path";
import type { AcmeConfig, TlsConfig } from "../model.ts";
import type { Place } from "../place.ts";
import type { RawTls } from "../raw.ts";
import { show } from "../schema/check.ts";
import { fileOf, timeOf } from "./values.ts";

/** What certificates depend on. */
export interface TlsScope {
  /** Names that the server answers to. */
  readonly hosts: readonly string[];
  /** Whether plain HTTP is answered somewhere, for the authority to look at. */
  readonly hasRedirect: boolean;
}

const LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory";
const RENEW_BEFORE = "30d";

/** Members of each way to a certificate. */
const WAYS = {
  files: ["cert", "key"],
  selfSigned: ["selfSigned", "dir"],
  acme: ["acme", "email", "directory", "dir", "renewBefore", "caCert"],
} as const;

/** Reads it; undefined, with a fault noted, when it can't be. */
export function tlsOf(place: Place, raw: RawTls, scope: TlsScope): TlsConfig | undefined {
  const ways = [
    ...raw.cert !== undefined || raw.key !== undefined ? ["files" as const] : [],
    ...raw.selfSigned ? ["selfSigned" as const] : [],
    ...raw.acme ? ["acme" as const] : [],
  ];
  const [way, ...others] = ways;
  if (way === undefined) {
    return place.fault("says no way to a certificate: give cert and key, selfSigned = true, or acme = true");
  }
  if (others.length > 0) {
    return place.fault("says several ways to a certificate: keep cert and key, selfSigned or acme");
  }
  const own: readonly string[] = WAYS[way];
  for (const [name, value] of Object.entries(raw)) {
    if (!own.includes(name) && value !== false) place.at(name).fault(`has no effect beside ${own[0]}`);
  }
  if (way === "files") return filesOf(place, raw);
  const dir = raw.dir === undefined ? dataFolder(place, way === "acme" ? "acme" : "tls") : place.resolve(raw.dir);
  if (dir === undefined) return undefined;
  return way === "acme" ? acmeOf(place, raw, dir, scope) : { kind: "selfSigned", dir };
}

function filesOf(place: Place, raw: RawTls): TlsConfig | undefined {
  if (raw.key === undefined) return place.fault("has cert without key");
  if (raw.cert === undefined) return place.fault("has key without cert");
  const cert = fileOf(place.at("cert"), raw.cert);
  const key = fileOf(place.at("key"), raw.key);
  return cert !== undefined && key !== undefined ? { kind: "files", cert, key } : undefined;
}

function acmeOf(place: Place, raw: RawTls, dir: string, { hosts, hasRedirect }: TlsScope): AcmeConfig | undefined {
  const { directory = LETS_ENCRYPT, email, renewBefore = RENEW_BEFORE } = raw;
  if (hosts.length === 0) place.fault("has acme without hosts: an authority signs for names");
  const star = hosts.find((host) => host.startsWith("*"));
  if (star) place.fault(`has acme for ${star}, which no challenge of a server's can show to be ours: name each host`);
  if (!URL.canParse(directory) || new URL(directory).protocol !== "https:") {
    place.at("directory").fault(`is ${show(directory)}, which is no URL of https`);
  }
  if (email !== undefined && !/^[^\s@]+@[^\s@]+$/.test(email)) {
    place.at("email").fault(`is ${show(email)}, which is no address of mail`);
  }
  if (!hasRedirect) {
    place.fault('has acme without redirectHttp: the authority asks there, such as at "0.0.0.0:80"');
  }
  const caCert = raw.caCert === undefined ? undefined : fileOf(place.at("caCert"), raw.caCert);
  const renewBeforeMs = timeOf(place.at("renewBefore"), renewBefore, Number.MAX_SAFE_INTEGER) ?? 0;
  return { kind: "acme", directory, email, dir, renewBeforeMs, caCert };
}

function dataFolder(place: Place, name: string): string | undefined {
  const { variable } = place.surroundings;
  const home = variable("HOME");
  const base = variable("XDG_DATA_HOME") || (home && join(home, ".local", "share"));
  return base ? join(base, "sluice", name) : place.fault("needs a dir, because HOME is not set");
}
