/** The upload behind `sluice stream`. */

import { newStreamId } from "../../loom/classic/classic_id.ts";
import { openProducer, type StreamProducer } from "../../loom/client/producer.ts";
import type { ConnectionState } from "../../loom/client/retry.ts";
import type { ClientFlags } from "./client_flags.ts";
import { checkTarget, withAdvice } from "./client_target.ts";
import { cliLimits } from "../limits.ts";
import { writeStderr, writeStdout } from "../output.ts";
import { Progress } from "../terminal/progress.ts";
import { INTERRUPTED } from "../exit_codes.ts";
import { StopSignals } from "../signals.ts";
import { terminal } from "../terminal/terminal.ts";

/** What flags and variables gave. */
export interface StreamFlags extends ClientFlags {
  readonly force: boolean;
  readonly metadata?: unknown;
  readonly contentType: string;
}

/** How long the end of an interrupted stream may take. */
const GRACE_MS = 5000;

/**
 * Sends standard input.
 *
 * @param name of the stream; undefined for one that nobody can guess
 */
export async function stream(url: string, name: string | undefined, flags: StreamFlags): Promise<void> {
  const id = name ?? newStreamId();
  checkTarget(url, id, flags.token);
  using signals = new StopSignals();
  try {
    const outcome = await send(url, id, flags, signals);
    if (outcome === "whole") return;
    if (outcome === "aborted") writeStderr(`sluice stream: interrupted, and ${id} marked as aborted\n`);
  } catch (error) {
    throw withAdvice(error);
  }
  Deno.exit(INTERRUPTED); // reading standard input would keep us
}

/** Sends everything, or what was there when it was interrupted, which may be before the stream was made. */
async function send(
  url: string,
  id: string,
  flags: StreamFlags,
  signals: StopSignals,
): Promise<"whole" | "aborted" | "nothing"> {
  let trouble: string | undefined;
  const onState = ({ kind, why }: ConnectionState) => trouble = kind === "reconnecting" ? why : undefined;
  const { giveUp: giveUpMs, ...options } = flags;
  const opened = await Promise.race([openProducer({ ...options, url, id, giveUpMs, onState }), signals.told]);
  if (!opened) return "nothing";
  await using writer = opened;
  writeStdout(id + "\n");
  using _progress = terminal("stderr").canRewrite
    ? new Progress({ title: id, bytes: () => writer.storedBytes, trouble: () => trouble })
    : undefined;
  const sent = sendInput(writer);
  // Watched too: a failure has to show while the input is silent.
  const interrupted = await Promise.race([sent, writer.done, signals.told.then(() => true)]);
  if (!interrupted) return "whole";
  sent.catch(() => {/* what is read from now on is not sent */});
  await endAsAborted(writer, signals.hurry);
  return "aborted";
}

async function sendInput(writer: StreamProducer): Promise<void> {
  const buffer = new Uint8Array(cliLimits.inputBytes);
  for (;;) {
    const count = await Deno.stdin.read(buffer);
    if (count === null) return await writer.close();
    await writer.write(buffer.slice(0, count));
  }
}

/** Sends what was read before the interruption, so that readers see the last of it, and says that more is missing. */
async function endAsAborted(writer: StreamProducer, hurry: AbortSignal): Promise<void> {
  const leave = () => Deno.exit(INTERRUPTED);
  const patience = setTimeout(leave, GRACE_MS);
  hurry.addEventListener("abort", leave, { once: true });
  await writer.close("aborted");
  clearTimeout(patience);
}
