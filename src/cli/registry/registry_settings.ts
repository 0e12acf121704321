/** The settings of `sluice registry listen`, with the keys and certificates that they name. */

import { readKeyFile } from "../../net/key_file.ts";
import type { AuthorizedKey, RegistryOptions } from "../../registry/hub/hub_options.ts";
import { readKeyPair } from "../keys/key_pair.ts";
import { isLoopback } from "../../net/loopback.ts";
import { asUsage, UsageError } from "../usage.ts";
import { port as readPort, secret } from "../values.ts";

/** What flags and variables gave; what they did not is missing. */
export interface ListenFlags {
  readonly host: string;
  readonly peer?: readonly string[];
  readonly data?: string;
  readonly seaport?: number;
  readonly key?: string;
  readonly admin?: readonly string[];
  readonly queryToken?: string;
  readonly heartbeat?: number;
  readonly timeout?: number;
  readonly advertise?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly ca?: string;
  readonly origin?: readonly string[];
  readonly auth?: boolean;
}

/** Settings that are whole. */
export type HubSettings = RegistryOptions & Required<Pick<RegistryOptions, "port" | "hostname">>;

/**
 * Puts the settings together.
 *
 * @param keys files of keys that may register services
 * @throws {UsageError} when they contradict each other, or would let strangers in
 * @throws {Error} for a file that can't be used
 */
export function settleHub(port: number | undefined, keys: readonly string[], flags: ListenFlags): HubSettings {
  const { host, admin = [], auth, queryToken } = flags;
  checkAccess(flags, keys);
  if (flags.seaport !== undefined && queryToken !== undefined) {
    throw new UsageError("--seaport and --query-token contradict each other: clients of seaport can't show a token");
  }
  if (queryToken !== undefined) asUsage(() => secret(queryToken));
  const authorized = auth === false || keys.length + admin.length === 0
    ? undefined
    : [...keysOf(keys, false), ...keysOf(admin, true)];
  return {
    port: port ?? portOfEnvironment(),
    hostname: host,
    peers: flags.peer,
    dir: flags.data,
    seaportPort: flags.seaport,
    key: flags.key === undefined ? undefined : readKeyPair(flags.key),
    authorized,
    queryToken,
    heartbeatMs: flags.heartbeat,
    timeoutMs: flags.timeout,
    advertise: flags.advertise,
    tls: readTls(flags),
    peerCa: flags.ca === undefined ? undefined : readPem("--ca", flags.ca),
    origins: flags.origin,
  };
}

function portOfEnvironment(): number {
  const text = Deno.env.get("SLUICE_PORT");
  if (text === undefined) throw new UsageError("Cannot listen without a port: give it, 0 for any free one");
  return asUsage(() => readPort(text));
}

function checkAccess({ host, admin = [], auth }: ListenFlags, keys: readonly string[]): void {
  const areKeys = keys.length + admin.length > 0;
  if (auth === false && areKeys) {
    throw new UsageError("Keys and --no-auth contradict each other: leave out one of them");
  }
  if (auth === false || areKeys || isLoopback(host)) return;
  throw new UsageError(
    `Cannot listen on ${host} without authorized keys: everybody could register and change all services; name files ` +
      "of keys, or say --no-auth if that is meant",
  );
}

/** The public keys of files. A private key beside one is its service's: it is not taken for ours. */
function keysOf(files: readonly string[], isAdmin: boolean): AuthorizedKey[] {
  return files.flatMap((file) => readKeyFile(file).publicKeys.map((key) => ({ key, isAdmin })));
}

function readTls({ tlsCert, tlsKey }: ListenFlags): RegistryOptions["tls"] {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) throw new UsageError("--tls-cert and --tls-key need each other");
  return { cert: readPem("--tls-cert", tlsCert), key: readPem("--tls-key", tlsKey) };
}

/** @throws {Error} naming the flag */
function readPem(flag: string, path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    throw new Error(`Cannot use ${flag} ${path}: ${(cause as Error).message}; name a file of PEM`, { cause });
  }
}
