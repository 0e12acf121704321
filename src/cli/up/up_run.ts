/** What is behind `sluice up`: the parts of one process, from the first start to the last end. */

import { checkConfig } from "../../gateway/check_gateway.ts";
import type { GatewayConfig } from "../../gateway/config/model.ts";
import { meshCaller } from "../../gateway/targets/mesh_target.ts";
import type { Log } from "../../log.ts";
import { Renewal, startGateway } from "../gateway/gateway_server.ts";
import { startLoom } from "../streams/loom_server.ts";
import { checkNode, startNode } from "../mesh/node_run.ts";
import { failureText } from "../failure.ts";
import { tellStderr } from "../output.ts";
import { startHub } from "../registry/registry_server.ts";
import { type Running, runUntilStopped } from "../running.ts";
import type { StopSignals } from "../signals.ts";
import { readUp, type UpConfig } from "./up_file.ts";
import { inWordsOfFile } from "./up_flags.ts";

/** How it is run. */
export interface UpRun {
  /** Read the routes again when the file changes. */
  readonly watch: boolean;
  readonly log: Log;
}

/** Says whether a file could be served. */
export async function checkUp(path: string): Promise<void> {
  const config = readUp(path);
  if (config.gateway) await checkConfig(config.gateway);
  if (config.node) await inFile(checkNode({ ...config.node, commands: [] }));
  tellStderr(`sluice up: ${path} is right: ${partsOf(config).join(", ")}\n`);
}

/** Runs all that a file holds until a signal asks for the end. */
export async function runUp(path: string, run: UpRun): Promise<void> {
  using renewal = new Renewal();
  await runUntilStopped((signals) => startAll(path, run, renewal, signals), "other");
}

/** Whoever is used by others is started before them, and stopped behind them. */
async function startAll(
  path: string,
  { watch, log }: UpRun,
  renewal: Renewal,
  signals: StopSignals,
): Promise<Running> {
  const config = readUp(path);
  await using parts = new Parts(signals.hurry);
  const logOf = (part: string): Log => (level, message, fields) => log(level, message, { part, ...fields });
  if (config.loom) await parts.add(startLoom(config.loom, logOf("loom")));
  const hub = config.hub && await parts.add(startHub(config.hub, logOf("hub")));
  const node = config.node &&
    await parts.add(startNode({ ...config.node, commands: [] }, logOf("node"), signals));
  if (signals.isTold) return parts.move();
  if (config.gateway) {
    const others = { services: hub?.hub, mesh: node && meshCaller(node.node) };
    const read = new GatewayPart(path, config, logOf("gateway"));
    await parts.add(startGateway(path, read.next, renewal, { watch, log: logOf("gateway"), ...others }));
  } else {
    renewal.begin(() => Promise.resolve(tellStderr(`sluice up: ${path} has no routes to be read again\n`)));
  }
  tellStderr(`sluice up: running ${partsOf(config).join(", ")}\n`);
  return parts.move();
}

function partsOf({ gateway, loom, hub, node }: UpConfig): string[] {
  const parts = { gateway, loom, hub, node };
  return Object.entries(parts).filter(([, part]) => part !== undefined).map(([name]) => name);
}

/** What commands say of flags is said of the file. */
async function inFile<T>(task: Promise<T>): Promise<T> {
  try {
    return await task;
  } catch (cause) {
    throw new Error(inWordsOfFile(failureText(cause)), { cause });
  }
}

/** What runs, in the order of its start. Disposing of it stops it all, unless it has moved on. */
class Parts implements Running, AsyncDisposable {
  readonly #hurry: AbortSignal;
  #running: Running[] = [];

  /** @param hurry makes the end quick when a start has failed */
  constructor(hurry: AbortSignal) {
    this.#hurry = hurry;
  }

  async add<T extends Running>(starting: Promise<T>): Promise<T> {
    const part = await inFile(starting);
    this.#running.push(part);
    return part;
  }

  /** Hands all on to somebody else. */
  move(): Running {
    const moved = new Parts(this.#hurry);
    [moved.#running, this.#running] = [this.#running, []];
    return moved;
  }

  /** One that can't be stopped well must not keep the others from it. */
  async close(hurry: AbortSignal): Promise<void> {
    const failures: unknown[] = [];
    for (const part of this.#running.splice(0).reverse()) {
      await part.close(hurry).catch((error) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close(this.#hurry);
  }
}

/** The gateway's part of the file, whenever it is read. Other parts are as they were when they started. */
class GatewayPart {
  readonly #path: string;
  readonly #log: Log;
  readonly #others: UpConfig;
  #first: UpConfig | undefined;

  constructor(path: string, config: UpConfig, log: Log) {
    this.#path = path;
    this.#log = log;
    this.#others = config;
    this.#first = config;
  }

  /** The next reading; the first one is that which all was started with. */
  readonly next = (): GatewayConfig => {
    const config = this.#first ?? readUp(this.#path);
    this.#first = undefined;
    if (!config.gateway) throw new Error("there are no routes in it: end the process to serve none");
    const isNew = (["hub", "node"] as const).find((part) => config[part] && !this.#others[part]);
    if (isNew) throw new Error(`[${isNew}] is new in it, and is there for routes from the next start on`);
    if (textOf(config) !== textOf(this.#others)) {
      this.#log("warn", "What [loom], [hub] and [node] say changes at the next start");
    }
    return config.gateway;
  };
}

/** All but the gateway, to be compared. */
function textOf({ gateway: _gateway, ...others }: UpConfig): string {
  return JSON.stringify(others);
}
