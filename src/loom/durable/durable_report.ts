/** What the operator is told of. */

import { HttpError } from "../../errors.ts";
import type { DurableSettings } from "./durable_settings.ts";
import { statusOf } from "./stream_answers.ts";
import { StreamError } from "../stream_error.ts";

/** Logs what is the server's fault, and nothing that a client did. */
export function reportFailure({ log }: DurableSettings, error: unknown): void {
  if (error instanceof HttpError) return;
  if (error instanceof StreamError && (statusOf(error) < 500 || error.code === "stopped")) return;
  const { cause, stack } = error instanceof Error ? error : {};
  const code = error instanceof StreamError ? error.code : undefined;
  // Whoever threw a refusal said what was wrong; of anything else the place is wanted.
  const fields = { error: String(error), code, cause: cause === undefined ? undefined : String(cause) };
  log("error", "A request about a stream failed", code ? fields : { ...fields, stack });
}
