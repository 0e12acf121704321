/** The gateway behind `sluice gateway`, from the first reading of its file to its end. */

import { readConfig } from "../gateway/config/read_config.ts";
import { filesOf } from "../gateway/config/files_of.ts";
import type { GatewayConfig } from "../gateway/config/model.ts";
import { type Gateway, serveGateway } from "../gateway/serve_gateway.ts";
import type { Log } from "../log.ts";
import { Again } from "./again.ts";
import { connectionsAllowed } from "./connections.ts";
import { reportListening } from "./isolates.ts";
import { writeStderr, writeStdout } from "./output.ts";
import { INTERRUPTED, StopSignals } from "./signals.ts";
import { FileWatch } from "./file_watch.ts";

/** How it is run. */
export interface GatewayRun {
  /** Read the file again when it changes. */
  readonly watch: boolean;
  readonly log: Log;
}

/** Serves a file of routes until a signal asks for the end. */
export async function runGateway(path: string, { watch, log }: GatewayRun): Promise<void> {
  using signals = new StopSignals();
  const renewal = new Again();
  using _hangups = onHangup(renewal.ask);
  const config = readConfig(path);
  const options = { log, writeAccess: writeStdout, connections: connectionsAllowed() };
  const gateway = await serveGateway(config, options).catch((error) => explain(error, config));
  // Before anybody is told that it listens: what they change from then on is seen.
  using files = new FileWatch(watch ? watched(gateway, path, config) : [], renewal.ask);
  renewal.begin(async () => {
    const wanted = await reload(gateway, path);
    if (watch && wanted) files.watch(watched(gateway, path, wanted));
  });
  for (const url of gateway.urls) writeStderr(`sluice gateway: listening on ${url}\n`);
  if (gateway.admin) writeStderr(`sluice gateway: the operator asks at ${gateway.admin}\n`);
  reportListening(Number(new URL(gateway.urls[0]).port));
  await signals.told;
  await gateway.close(signals.hurry);
  if (signals.hurry.aborted) Deno.exit(INTERRUPTED);
}

/** Listens from the start: to whoever does not, this signal is the end. */
function onHangup(listener: () => void): Disposable {
  if (Deno.build.os === "windows") return { [Symbol.dispose]: () => {} };
  Deno.addSignalListener("SIGHUP", listener);
  return { [Symbol.dispose]: () => Deno.removeSignalListener("SIGHUP", listener) };
}

function watched({ documentFiles }: Gateway, path: string, config: GatewayConfig): readonly string[] {
  return [...new Set([...filesOf(path, config), ...documentFiles])];
}

/** A start ends at the first thing that is wrong: all that a check finds is told instead, where it finds any. */
async function explain(error: unknown, config: GatewayConfig): Promise<never> {
  const { checkConfig } = await import("../gateway/check_gateway.ts");
  await checkConfig(config);
  throw error;
}

/** Reads the file again; whatever is wrong with it is said, and changes nothing. */
async function reload(gateway: Gateway, path: string) {
  let config: GatewayConfig | undefined;
  const read = () => config = readConfig(path);
  try {
    await gateway.reload(read).catch((error) => config ? explain(error, config) : Promise.reject(error));
    writeStderr(`sluice gateway: ${path} was read again and is in force\n`);
    return config;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    writeStderr(`sluice gateway: ${path} was read again and changes nothing: ${why}\n`);
  }
}
