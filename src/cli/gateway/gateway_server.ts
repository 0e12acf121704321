/** The gateway behind `sluice gateway`, from the first reading of its file to its end. */

import { readConfig } from "../../gateway/config/read_config.ts";
import { filesOf } from "../../gateway/config/files_of.ts";
import type { GatewayConfig } from "../../gateway/config/model.ts";
import { type Gateway, type GatewayOptions, serveGateway } from "../../gateway/serve_gateway.ts";
import type { Log } from "../../log.ts";
import { Again } from "../again.ts";
import { reportListening } from "../isolates.ts";
import { tellStderr, writeStdout } from "../output.ts";
import { type Running, runUntilStopped } from "../running.ts";
import { FileWatch } from "../file_watch.ts";

/** How it is run. */
export interface GatewayRun extends Pick<GatewayOptions, "mesh" | "services"> {
  /** Read the file again when it changes. */
  readonly watch: boolean;
  readonly log: Log;
}

/** What asks for another reading of the file, from the first moment of the start on. Disposed of, it listens no more. */
export class Renewal extends Again implements Disposable {
  constructor() {
    super();
    if (Deno.build.os !== "windows") Deno.addSignalListener("SIGHUP", this.ask);
  }

  [Symbol.dispose](): void {
    if (Deno.build.os !== "windows") Deno.removeSignalListener("SIGHUP", this.ask);
  }
}

/** Serves a file of routes until a signal asks for the end. */
export async function runGateway(path: string, run: GatewayRun): Promise<void> {
  using renewal = new Renewal();
  await runUntilStopped(async () => {
    const { gateway, ...running } = await startGateway(path, () => readConfig(path), renewal, run);
    reportListening(Number(new URL(gateway.urls[0]).port));
    return running;
  }, "other");
}

/**
 * Serves a file of routes, and reads it again when SIGHUP or a change asks for it.
 *
 * @param path of the file
 * @param read reads it, and throws what is wrong with it
 * @param renewal asks for it to be read again
 * @throws {Error} with all that is wrong
 */
export async function startGateway(
  path: string,
  read: () => GatewayConfig,
  renewal: Renewal,
  { watch, log, mesh, services }: GatewayRun,
): Promise<Running & { readonly gateway: Gateway }> {
  await using held = new AsyncDisposableStack();
  const config = read();
  const options = { log, mesh, services, writeAccess: writeStdout };
  const gateway = held.use(await serveGateway(config, options).catch((error) => explain(error, config)));
  // Before anybody is told that it listens: what they change from then on is seen.
  const files = held.use(new FileWatch(watch ? watched(gateway, path, config) : [], renewal.ask));
  renewal.begin(async () => {
    const wanted = await reload(gateway, path, read);
    if (watch && wanted) files.watch(watched(gateway, path, wanted));
  });
  for (const url of gateway.urls) tellStderr(`sluice gateway: listening on ${url}\n`);
  if (gateway.admin) tellStderr(`sluice gateway: the operator asks at ${gateway.admin}\n`);
  const running = held.move();
  return {
    gateway,
    close: async (hurry) => {
      await gateway.close(hurry);
      await running.disposeAsync();
    },
  };
}

function watched({ documentFiles }: Gateway, path: string, config: GatewayConfig): readonly string[] {
  return [...new Set([...filesOf(path, config), ...documentFiles])];
}

/** A start ends at the first thing that is wrong: all that a check finds is told instead, where it finds any. */
async function explain(error: unknown, config: GatewayConfig): Promise<never> {
  const { checkConfig } = await import("../../gateway/check_gateway.ts");
  await checkConfig(config);
  throw error;
}

/** Reads the file again; whatever is wrong with it is said, and changes nothing. */
async function reload(gateway: Gateway, path: string, read: () => GatewayConfig): Promise<GatewayConfig | undefined> {
  let config: GatewayConfig | undefined;
  try {
    await gateway.reload(() => config = read()).catch((error) =>
      config ? explain(error, config) : Promise.reject(error)
    );
    tellStderr(`sluice gateway: ${path} was read again and is in force\n`);
    return config;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    tellStderr(`sluice gateway: ${path} was read again and changes nothing: ${why}\n`);
  }
}
