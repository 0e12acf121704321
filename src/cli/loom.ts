/** `sluice loom`: the server of streams. */

import { Command, Option } from "commander";
import { flag } from "./flag.ts";
import { assignment, LARGER_YOUNG_GENERATION_MIB, runInIsolates } from "./isolates.ts";
import { logFlag, type LogFormat, openLog } from "./log_flag.ts";
import { LOOM_PORT, SYNC } from "./streams/loom_defaults.ts";
import type { LoomFlags } from "./streams/loom_settings.ts";
import { bytes, collect, collectOrigins, duration, httpUrl, port } from "./values.ts";

interface Flags extends LoomFlags {
  readonly log: LogFormat;
}

/** Makes the command. */
export function loomCommand(): Command {
  return new Command("loom")
    .description("serve streams that are kept while they flow: Durable Streams, /stream and /spy")
    .helpOption("-h, --help", "show this help")
    .addOption(
      flag("-p, --port <port>", `port, 0 for any free one (default: ${LOOM_PORT})`, port, undefined, "SLUICE_PORT"),
    )
    .addOption(
      flag("-H, --host <address>", "address to listen on (default: 127.0.0.1)", String, undefined, "SLUICE_HOST"),
    )
    .addOption(
      flag(
        "--data <folder>",
        "where streams are kept (default: sluice/loom in the user's data)",
        String,
        undefined,
        "SLUICE_DATA",
      ),
    )
    .addOption(flag("-c, --config <file>", "settings as YAML, TOML or JSON; repeatable, later ones win", collect))
    .addOption(
      flag(
        "--token <token[:ro]>",
        "who may ask, :ro for reading only; repeatable; `ps` shows flags, but no variables",
        collect,
      )
        .env("SLUICE_TOKENS"),
    )
    .addOption(
      new Option("--no-auth", "let everybody who can connect do everything, on any address").default(undefined),
    )
    .addOption(
      flag(
        "--origin <origin>",
        "without tokens: web pages that may use the streams, such as https://app.example; repeatable",
        collectOrigins,
      ),
    )
    .addOption(flag("--public-url <url>", "URL under which webhooks reach this server, behind a proxy", httpUrl))
    .addOption(
      new Option(
        "--sync <when>",
        "appends are on disk when acknowledged: each, those that wait together, or not (default: group)",
      ).choices(SYNC).env("SLUICE_SYNC"),
    )
    .addOption(flag("--max-age <time>", "let go what is older, such as 7d (default: never)", duration))
    .addOption(
      flag("--max-bytes <size>", "of each stream keep the last so many bytes, such as 10m (default: all)", bytes),
    )
    .addOption(flag("--stream-quota <size>", "a stream that would grow beyond refuses to (default: none)", bytes))
    .addOption(flag("--quota <size>", "all streams together may grow so large (default: none)", bytes))
    .addOption(
      flag("--idle <time>", "end streams to which nobody appends for so long, as aborted (default: never)", duration),
    )
    .addOption(logFlag("requests"))
    .action((flags: Flags) => loom(flags));
}

async function loom({ log, ...flags }: Flags): Promise<void> {
  // Loading the rest takes longer than all that other commands do: they need not wait for it.
  const { settleLoom } = await import("./streams/loom_settings.ts");
  const settings = settleLoom(flags);
  if (!assignment()) {
    const code = await runInIsolates(1, LARGER_YOUNG_GENERATION_MIB);
    return code === 0 ? undefined : Deno.exit(code);
  }
  const { serveLoom } = await import("./streams/loom_server.ts");
  await serveLoom(settings, openLog(log));
}
