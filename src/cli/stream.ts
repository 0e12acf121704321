/** `sluice stream`: standard input into a stream on a server, while it comes. */

import { Command } from "commander";
import { giveUpFlag, tokenFlag } from "./streams/client_flags.ts";
import { flag } from "./flag.ts";
import { json } from "./values.ts";
import type { StreamFlags } from "./streams/stream_run.ts";

/** Makes the command. */
export function streamCommand(): Command {
  return new Command("stream")
    .description("send standard input into a stream on a server, live; prints the stream's id")
    .helpOption("-h, --help", "show this help")
    .argument("<url>", "the server, such as http://localhost:3060")
    .argument("[id]", "the stream's id, such as builds/42 (default: one that nobody can guess)")
    .option("--force", "replace a stream of that id", false)
    .addOption(tokenFlag())
    .addOption(flag("--metadata <json>", "JSON that is kept with the stream", json))
    .option(
      "--content-type <type>",
      "what it is; of application/json each line is a value",
      "text/plain; charset=utf-8",
    )
    .addOption(giveUpFlag())
    .action(async (url: string, id: string | undefined, flags: StreamFlags) => {
      const { stream } = await import("./streams/stream_run.ts");
      await stream(url, id, flags);
    });
}
