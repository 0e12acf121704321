/** `sluice spy`: all streams of a server at once, as they flow. */

import { Command } from "commander";
import { giveUpFlag, tokenFlag } from "./streams/client_flags.ts";
import type { SpyFlags } from "./streams/stream_reading.ts";
import { colorFlags } from "./terminal/terminal.ts";

/** Makes the command. */
export function spyCommand(): Command {
  const command = new Command("spy")
    .description("watch all streams of a server, from now on")
    .helpOption("-h, --help", "show this help")
    .argument("<url>", "the server, such as http://localhost:3060");
  for (const option of colorFlags("one colour a stream")) command.addOption(option);
  return command.addOption(tokenFlag())
    .addOption(giveUpFlag())
    .action(async (url: string, flags: SpyFlags) => {
      const { spy } = await import("./streams/stream_reading.ts");
      await spy(url, flags);
    });
}
