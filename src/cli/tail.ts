/** `sluice tail`: a stream on a server to standard output, and what is added to it. */

import { Command } from "commander";
import { followStream } from "../loom/client/follow.ts";
import { checkTarget, type ClientFlags, giveUpFlag, tokenFlag, withAdvice } from "./client_flags.ts";
import { pourOut } from "./output.ts";

interface TailFlags extends ClientFlags {
  readonly from: string;
  readonly follow: boolean;
}

/** Makes the command. */
export function tailCommand(): Command {
  return new Command("tail")
    .description("read a stream from a server, and follow it to its end")
    .helpOption("-h, --help", "show this help")
    .argument("<url>", "the server, such as http://localhost:3060")
    .argument("<id>", "the stream's id")
    .option("--from <offset>", "start, now, or an offset that the server gave", "start")
    .option("--no-follow", "stop at the end of what is there")
    .addOption(tokenFlag())
    .addOption(giveUpFlag())
    .action((url: string, id: string, flags: TailFlags) => tail(url, id, flags));
}

async function tail(url: string, id: string, flags: TailFlags): Promise<void> {
  checkTarget(url, id, flags.token);
  const { token, follow, giveUp: giveUpMs } = flags;
  const from = flags.from === "start" ? "-1" : flags.from;
  await copyToStdout(followStream({ url, id, token, from, follow, giveUpMs }));
}

/** Writes everything; whoever reads it may leave early. */
export async function copyToStdout(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    await pourOut(chunks);
  } catch (error) {
    throw withAdvice(error);
  }
}
