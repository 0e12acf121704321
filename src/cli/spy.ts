/** `sluice spy`: all streams of a server at once, as they flow. */

import { Command } from "commander";
import { spyOn } from "../loom/client/spy_client.ts";
import { checkTarget, type ClientFlags, giveUpFlag, tokenFlag } from "./client_flags.ts";
import { copyToStdout } from "./tail.ts";

interface SpyFlags extends ClientFlags {
  readonly color?: boolean;
}

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
    .action((url: string, flags: SpyFlags) => spy(url, flags));
}

async function spy(url: string, flags: SpyFlags): Promise<void> {
  checkTarget(url, undefined, flags.token);
  const color = flags.color ?? (Deno.stdout.isTerminal() && !Deno.noColor);
  await copyToStdout(spyOn({ url, token: flags.token, color, giveUpMs: flags.giveUp }));
}
