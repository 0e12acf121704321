/** The settings of `sluice loom`: flags and variables over files over defaults, and whether they go together. */

import { join } from "node:path";
import type { Token } from "../../http/tokens.ts";
import { isLoopback } from "../../net/loopback.ts";
import { LOOM_PORT } from "./loom_defaults.ts";
import { loadLoomFile, type LoomSettings } from "./loom_file.ts";
import { asUsage, UsageError } from "../usage.ts";
import { token as readToken } from "../values.ts";

/** What flags and variables gave; what they did not is missing. */
export interface LoomFlags extends Omit<LoomSettings, "tokens" | "origins"> {
  readonly config?: readonly string[];
  readonly token?: readonly string[];
  readonly origin?: readonly string[];
}

/** Settings that are whole, but for bounds that are not set. */
export type SettledLoom = LoomSettings & Required<Pick<LoomSettings, "port" | "host" | "data" | "tokens" | "sync">>;

/**
 * Puts the settings together.
 *
 * @throws {UsageError} when they contradict each other, or would let strangers in
 * @throws {Error} for a file that can't be used
 */
export function settleLoom(flags: LoomFlags): SettledLoom {
  const { config = [], token, origin, auth, ...given } = flags;
  const fromFiles: LoomSettings = Object.assign({}, ...config.map(loadLoomFile));
  const settings = {
    port: LOOM_PORT,
    host: "127.0.0.1",
    tokens: [],
    sync: "group" as const,
    ...fromFiles,
    ...given,
    ...origin && { origins: origin },
    ...token && { tokens: asUsage(() => token.flatMap(readTokens)) },
    auth: auth !== false && fromFiles.auth !== false,
  };
  checkAccess(settings);
  return { ...settings, data: settings.data ?? defaultFolder() };
}

/** One token of a flag, or several of a variable with commas between them. */
function readTokens(text: string): Token[] {
  return text.split(",").map((each) => readToken(each.trim()));
}

function checkAccess({ auth, tokens, host }: Pick<SettledLoom, "auth" | "tokens" | "host">): void {
  if (!auth && tokens.length > 0) {
    throw new UsageError("Tokens and --no-auth contradict each other: leave out one of them");
  }
  if (!auth || tokens.length > 0 || isLoopback(host)) return;
  throw new UsageError(
    `Cannot listen on ${host} without tokens: everybody could read and write all streams; set SLUICE_TOKENS, or say ` +
      "--no-auth if that is meant",
  );
}

/**
 * Where streams are kept when nobody says where.
 *
 * @throws {UsageError} where there is no home
 */
export function defaultFolder(): string {
  const home = Deno.env.get("HOME");
  const base = Deno.env.get("XDG_DATA_HOME") || (home && join(home, ".local", "share"));
  if (base) return join(base, "sluice", "loom");
  throw new UsageError("Cannot tell where streams are to be kept, because HOME is not set: name a folder with --data");
}
