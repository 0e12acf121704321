/** What the commands share that talk to a server of streams: their flags, and what to do about their failures. */

import type { Option } from "commander";
import { ClientError, type ClientErrorCode } from "../loom/client/client_error.ts";
import { serverUrl, streamUrl, tokenHeaders } from "../loom/client/target.ts";
import { limits } from "../limits.ts";
import { flag } from "./flag.ts";
import { asUsage } from "./usage.ts";
import { duration } from "./values.ts";

/** Flags of every client. */
export interface ClientFlags {
  readonly token?: string;
  readonly giveUp: number;
}

const ADVICE: Partial<Record<ClientErrorCode, string>> = {
  "unreachable": "is `sluice loom` running there?",
  "unauthorized": "give it with SLUICE_TOKEN or --token",
  "exists": "take another id, or replace it with --force",
  "gone": "begin with what is kept, or with what comes: --from now",
  "gave-up": "--give-up makes it try for longer",
};

/** `--token`. */
export function tokenFlag(): Option {
  const text = "token that the server asks for; others on this machine can see a flag, and not a variable";
  return flag("--token <token>", text, String).env("SLUICE_TOKEN");
}

/** `--give-up`. */
export function giveUpFlag(): Option {
  return flag("--give-up <time>", "how long a broken connection is tried again, such as 90s or 5m", duration)
    .default(limits.clientGiveUpMs, `${limits.clientGiveUpMs / 1000}s`);
}

/**
 * Checks what the user gave, before anything is sent.
 *
 * @throws {UsageError}
 */
export function checkTarget(url: string, id: string | undefined, token: string | undefined): void {
  asUsage(() => id === undefined ? serverUrl(url, "/") : streamUrl({ url, id }));
  asUsage(() => tokenHeaders(token));
}

/** Adds to a failure of the client what to do about it. */
export function withAdvice(error: unknown): unknown {
  const advice = error instanceof ClientError ? ADVICE[error.code] : undefined;
  return advice ? new Error(`${(error as Error).message}; ${advice}`, { cause: error }) : error;
}
