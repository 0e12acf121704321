/** `sluice registry listen`: a hub. */

import { Command, Option } from "commander";
import { flag } from "../flag.ts";
import { logFlag, type LogFormat, openLog } from "../log_flag.ts";
import type { ListenFlags } from "./registry_settings.ts";
import { collect, collectOrigins, duration, port } from "../values.ts";

interface Flags extends ListenFlags {
  readonly log: LogFormat;
}

/** Makes the command. */
export function listenCommand(): Command {
  return new Command("listen")
    .description("be a hub: services register here, and are found here, as long as they are connected")
    .helpOption("-h, --help", "show this help")
    .argument("[port]", "port, 0 for any free one (env: SLUICE_PORT)", port)
    .argument("[keys...]", "files with public keys that may register; of a key pair, only its public half is taken")
    .addOption(flag("-H, --host <address>", "address to listen on", String, "127.0.0.1", "SLUICE_HOST"))
    .addOption(flag("--peer <hub>", "another hub, as host:port or a URL, to share services with; repeatable", collect))
    .addOption(
      flag("--data <folder>", "where services are kept over a restart (default: nowhere)", String).env("SLUICE_DATA"),
    )
    .addOption(
      flag(
        "--seaport <port>",
        "port for clients of npm's seaport 2.x; where keys are needed, those can only look (default: none)",
        port,
      ),
    )
    .option("--key <file>", "this hub's own key, by which other hubs know it (default: a new one)")
    .addOption(flag("--admin <file>", "keys that may change all services, and of other hubs; repeatable", collect))
    .addOption(
      flag("--query-token <token>", "token for whoever looks for services; `ps` shows flags, but no variables", String)
        .env("SLUICE_QUERY_TOKEN"),
    )
    .addOption(flag("--heartbeat <time>", "how often both sides give a sign of life (default: 15s)", duration))
    .addOption(flag("--timeout <time>", "how long none may come (default: three heartbeats)", duration))
    .option("--advertise <host>", "host under which others reach this machine (default: its address)")
    .option("--tls-cert <file>", "certificate as PEM, for https: and wss:")
    .option("--tls-key <file>", "its private key as PEM")
    .option("--ca <file>", "certificates of authorities that sign for peers (default: those of the system)")
    .addOption(
      flag(
        "--origin <origin>",
        "web pages that may use the hub, such as https://app.example; repeatable",
        collectOrigins,
      ),
    )
    .addOption(
      new Option("--no-auth", "let everybody who can connect register services, on any address").default(undefined),
    )
    .addOption(logFlag("events"))
    .action((port: number | undefined, keys: string[], flags: Flags) => listen(port, keys, flags));
}

async function listen(port: number | undefined, keys: readonly string[], { log, ...flags }: Flags): Promise<void> {
  // Loading a hub takes longer than all the rest: other commands need not wait for it.
  const { settleHub } = await import("./registry_settings.ts");
  const settings = settleHub(port, keys, flags);
  const { serveHub } = await import("./registry_server.ts");
  await serveHub(settings, openLog(log));
}
