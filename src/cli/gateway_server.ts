/** The gateway behind `sluice gateway`, from the first reading of its file to its end. */

import { readConfig } from "../gateway/config/read_config.ts";
import { filesOf } from "../gateway/config/files_of.ts";
import type { GatewayConfig } from "../gateway/config/model.ts";
import { type Gateway, serveGateway } from "../gateway/serve_gateway.ts";
import type { Log } from "../log.ts";
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
  const config = readConfig(path);
  const gateway = await serveGateway(config, { log, writeAccess: writeStdout, connections: connectionsAllowed() });
  for (const url of gateway.urls) writeStderr(`sluice gateway: listening on ${url}\n`);
  if (gateway.admin) writeStderr(`sluice gateway: the operator asks at ${gateway.admin}\n`);
  reportListening(Number(new URL(gateway.urls[0]).port));
  using files = new FileWatch(watch ? filesOf(path, config) : [], () => void renew());
  const renew = async () => {
    const wanted = await reload(gateway, path);
    if (watch && wanted) files.watch(filesOf(path, wanted));
  };
  const onHangup = () => void renew();
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGHUP", onHangup);
  await signals.told;
  if (Deno.build.os !== "windows") Deno.removeSignalListener("SIGHUP", onHangup);
  await gateway.close(signals.hurry);
  if (signals.hurry.aborted) Deno.exit(INTERRUPTED);
}

/** Reads the file again; whatever is wrong with it is said, and changes nothing. */
async function reload(gateway: Gateway, path: string) {
  try {
    let config: GatewayConfig | undefined;
    await gateway.reload(() => config = readConfig(path));
    writeStderr(`sluice gateway: ${path} was read again and is in force\n`);
    return config;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    writeStderr(`sluice gateway: ${path} was read again and changes nothing: ${why}\n`);
  }
}
