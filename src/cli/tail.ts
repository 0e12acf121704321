/** `sluice tail`: a stream on a server to standard output, and what is added to it. */

import { Command } from "commander";
import { giveUpFlag, tokenFlag } from "./streams/client_flags.ts";
import type { TailFlags } from "./streams/stream_reading.ts";

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
    .action(async (url: string, id: string, flags: TailFlags) => {
      const { tail } = await import("./streams/stream_reading.ts");
      await tail(url, id, flags);
    });
}
