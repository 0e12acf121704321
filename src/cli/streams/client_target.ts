/** What the commands share that talk to a server of streams: the check of what was asked for, and what to do about failures. */

import { StreamClientError, type StreamClientErrorCode } from "../../loom/client/client_error.ts";
import { serverUrl, streamUrl, tokenHeaders } from "../../loom/client/target.ts";
import { asUsage } from "../usage.ts";

const ADVICE: Partial<Record<StreamClientErrorCode, string>> = {
  "unreachable": "is `sluice loom` running there?",
  "unauthorized": "give it with SLUICE_TOKEN or --token",
  "exists": "take another id, or replace it with --force",
  "gone": "begin with what is kept, or with what comes: --from now",
  "gave-up": "--give-up makes it try for longer",
};

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
  const advice = error instanceof StreamClientError ? ADVICE[error.code] : undefined;
  return advice ? new Error(`${(error as Error).message}; ${advice}`, { cause: error }) : error;
}
