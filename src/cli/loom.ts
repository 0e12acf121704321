/** `sluice loom`: the server of streams. */

import { Command, Option } from "commander";
import { type HttpServer, serveHttp } from "../http/node_server.ts";
import { requireToken, withoutToken } from "../http/tokens.ts";
import { createLog, type Log, silent } from "../log.ts";
import { isOpen } from "../loom/loom_handler.ts";
import { type Loom, openLoom } from "../loom/open_loom.ts";
import { raiseDescriptorLimit } from "../process/libc.ts";
import { announce, logAccess } from "./announce.ts";
import { flag } from "./flag.ts";
import { assignment, reportListening, runInIsolates } from "./isolates.ts";
import { SYNC } from "./loom_file.ts";
import { LOOM_PORT, type LoomFlags, type SettledLoom, settleLoom } from "./loom_settings.ts";
import { INTERRUPTED, StopSignals } from "./signals.ts";
import { bytes, collect, duration, port } from "./values.ts";

interface Flags extends LoomFlags {
  readonly log: "human" | "json" | "none";
}

/** Lets web pages of other origins see that they were refused, and nothing more. */
const REFUSAL_HEADERS = { "access-control-allow-origin": "*", "x-content-type-options": "nosniff" };
/** How long requests under way may take when the server is told to stop; live reads end at once. */
const GRACE_MS = 5000;

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
        "who may ask, :ro for reading only; repeatable; others see flags in `ps`, so rather",
        collect,
      )
        .env("SLUICE_TOKENS"),
    )
    .addOption(
      new Option("--no-auth", "let everybody who can connect do everything, on any address").default(undefined),
    )
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
    .addOption(new Option("--log <format>", "access log").choices(["human", "json", "none"]).default("human"))
    .action((flags: Flags) => loom(flags));
}

async function loom({ log: format, ...flags }: Flags): Promise<void> {
  const settings = settleLoom(flags);
  if (!assignment()) {
    const code = await runInIsolates(1);
    return code === 0 ? undefined : Deno.exit(code);
  }
  const log = format === "none" ? silent : createLog({ format });
  using signals = new StopSignals();
  {
    await using store = await open(settings, log);
    const server = await listen(store, settings, log);
    announce("loom", server);
    reportListening(server.port);
    await signals.told;
    const stopped = server.close(GRACE_MS, signals.hurry);
    await store.close(); // ends live reads, for which the server would wait
    await stopped;
  }
  if (signals.hurry.aborted) Deno.exit(INTERRUPTED);
}

async function open(settings: SettledLoom, log: Log): Promise<Loom> {
  const { data: dir, sync, maxAge, maxBytes, streamQuota, quota, idle } = settings;
  const limits = { keepMs: maxAge, keepBytes: maxBytes, streamBytes: streamQuota, totalBytes: quota, idleMs: idle };
  try {
    return await openLoom({ dir, sync, limits, log });
  } catch (error) {
    if (!(error instanceof Deno.errors.Busy)) throw error;
    throw new Error(`Cannot serve ${dir}: another server has it; end that one, or name another folder with --data`, {
      cause: error,
    });
  }
}

/** Clients know the port: another one than that asked for would be none. */
async function listen(store: Loom, { tokens, host, port }: SettledLoom, log: Log): Promise<HttpServer> {
  try {
    return await serveHttp(requireToken(store.fetch, tokens, { isOpen, headers: REFUSAL_HEADERS }), {
      hostname: host,
      port,
      connections: connectionsAllowed(),
      onAccess: (access) => logAccess(log, { ...access, url: withoutToken(access.url) }),
    });
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    throw new Error(`Port ${port} is taken: end what listens there, or choose another one with --port`, {
      cause: error,
    });
  }
}

/** Half of the descriptors are for clients; the other half is for the files of the streams they read. */
function connectionsAllowed(): number | undefined {
  const descriptors = raiseDescriptorLimit();
  return descriptors && Math.max(1, Math.floor(descriptors / 2));
}
