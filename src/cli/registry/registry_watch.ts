/** `sluice registry watch`: services as they come and go. */

import type { Command } from "commander";
import type { WatchEvent } from "../../registry/table/watch.ts";
import { ReaderGone, writeStdout } from "../output.ts";
import { eventText, type EventTextOptions, ShownServices } from "./registry_events.ts";
import { HubCommand, type HubFlags } from "./registry_flags.ts";
import { StopSignals } from "../signals.ts";
import { colorFlags, terminal } from "../terminal/terminal.ts";

interface WatchFlags extends HubFlags {
  readonly verbose: boolean;
  readonly json: boolean;
  readonly color?: boolean;
}

/** Makes the command. */
export function watchCommand(): Command {
  const command = new HubCommand("watch", "print the services that are there, then each that comes, changes or goes")
    .argument("[pattern]", "such as web or web@1.x (default: all)")
    .option("-v, --verbose", "print all that is known of each", false)
    .option("--json", "print one line of JSON for each: type, service", false);
  for (const option of colorFlags()) command.addOption(option);
  return command.action((hubs: string, pattern: string | undefined, flags: WatchFlags) => watch(hubs, pattern, flags));
}

async function watch(hubs: string, pattern: string | undefined, flags: WatchFlags): Promise<void> {
  using signals = new StopSignals();
  signals.exitWhenHurried();
  const { checkPattern, connect, Narrator, refusal } = await import("./registry_connection.ts");
  checkPattern(pattern);
  await using client = connect(hubs, flags);
  using narrator = new Narrator(client, "watch");
  const ended = new AbortController();
  let wasSynced = false;
  let refused: Error | undefined;
  client.addEventListener("synced", () => wasSynced = true);
  client.addEventListener("reject", ({ detail }) => {
    if (wasSynced) return narrator.trouble(`${detail.message}; trying again`);
    refused = detail;
    ended.abort();
  });
  signals.told.then(() => ended.abort());
  const { color } = terminal("stdout", flags.color);
  await print(client.watch(pattern, { signal: ended.signal }), { ...flags, color });
  if (refused) throw refusal(refused);
}

/** Writes each event; whoever reads them may leave early. */
async function print(events: AsyncIterable<WatchEvent>, options: EventTextOptions): Promise<void> {
  const shown = new ShownServices();
  try {
    for await (const event of events) {
      for (const change of shown.take(event)) writeStdout(eventText(change, options));
    }
  } catch (error) {
    if (!(error instanceof ReaderGone)) throw error; // such as `head`, which has seen enough
  }
}
