/** `sluice spy`: all streams of a server at once, as they flow. */

import { Command } from "commander";
import { giveUpFlag, tokenFlag } from "./client_flags.ts";
import type { SpyFlags } from "./stream_reading.ts";

/** Makes the command. */
export function spyCommand(): Command {
  return new Command("spy")
    .description("watch all streams of a server, from now on")
    .helpOption("-h, --help", "show this help")
    .argument("<url>", "the server, such as http://localhost:3060")
    .option("--color", "one colour a stream (default: on a terminal)")
    .option("--no-color", "no colours")
    .addOption(tokenFlag())
    .addOption(giveUpFlag())
    .action(async (url: string, flags: SpyFlags) => {
      const { spy } = await import("./stream_reading.ts");
      await spy(url, flags);
    });
}
