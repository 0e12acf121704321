/** What is behind `sluice tail` and `sluice spy`: streams on a server to standard output. */

import { followStream } from "../../loom/client/follow.ts";
import { spyStreams } from "../../loom/client/spy_client.ts";
import type { ClientFlags } from "./client_flags.ts";
import { checkTarget, withAdvice } from "./client_target.ts";
import { pourOut } from "../output.ts";
import { terminal } from "../terminal/terminal.ts";

/** What flags and variables gave. */
export interface SpyFlags extends ClientFlags {
  readonly color?: boolean;
}

/** What flags and variables gave. */
export interface TailFlags extends ClientFlags {
  readonly from: string;
  readonly follow: boolean;
}

/** Writes one stream. */
export async function tail(url: string, id: string, flags: TailFlags): Promise<void> {
  checkTarget(url, id, flags.token);
  const { token, follow, giveUp: giveUpMs } = flags;
  const from = flags.from === "start" ? "-1" : flags.from;
  await copyToStdout(followStream({ url, id, token, from, follow, giveUpMs }));
}

/** Writes what flows through all of them. */
export async function spy(url: string, flags: SpyFlags): Promise<void> {
  checkTarget(url, undefined, flags.token);
  const { color } = terminal("stdout", flags.color);
  await copyToStdout(spyStreams({ url, token: flags.token, color, giveUpMs: flags.giveUp }));
}

/** Writes everything; whoever reads it may leave early. */
async function copyToStdout(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    await pourOut(chunks);
  } catch (error) {
    throw withAdvice(error);
  }
}
