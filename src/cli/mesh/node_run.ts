/** The node behind `sluice node`, from its start to its end. */

import { type Log, silent } from "../../log.ts";
import { MeshNode } from "../../mesh/node/mesh_node.ts";
import type { NodeOptions } from "../../mesh/node/node_options.ts";
import { assignment, LARGER_YOUNG_GENERATION_MIB, runInIsolates } from "../isolates.ts";
import { cliLimits } from "../limits.ts";
import { openLog } from "../log_flag.ts";
import { readMeshKeys } from "./mesh_keys.ts";
import { logBeside, NodeNarrator } from "./node_narrator.ts";
import { NodeServices } from "./node_services.ts";
import { type NodeFlags, type NodeSettings, parseOfferings, settleNode } from "./node_settings.ts";
import { tellStderr } from "../output.ts";
import { type Running, runUntilStopped, unlessHurried } from "../running.ts";
import type { StopSignals } from "../signals.ts";

/** What a node is started with. */
export interface NodePlan {
  readonly settings: NodeSettings;
  readonly flags: NodeFlags;
  /** Names of all commands, for a hint when a program is not found. */
  readonly commands: readonly string[];
}

/** Offers services until a signal asks for the end. */
export async function runNode(words: readonly string[], flags: NodeFlags, commands: readonly string[]): Promise<void> {
  const settings = settleNode(parseOfferings(words), flags);
  if (!assignment()) {
    const code = await runInIsolates(1, LARGER_YOUNG_GENERATION_MIB);
    return code === 0 ? undefined : Deno.exit(code);
  }
  await runUntilStopped((signals) => startNode({ settings, flags, commands }, openLog(flags.log), signals));
}

/**
 * Looks whether one could be started, as far as that shows before: its keys and its programs.
 *
 * @throws {Error} saying what can't be had
 */
export async function checkNode({ settings, flags, commands }: NodePlan): Promise<void> {
  readMeshKeys(flags);
  const { signal } = new AbortController();
  await using _services = new NodeServices(settings.offerings, { flags, commands, log: silent, signal });
}

/**
 * Starts a node. Told to stop meanwhile, it waits for no join point.
 *
 * @throws {Error} saying what can't be had: a program, a key, an address
 */
export async function startNode(
  { settings, flags, commands }: NodePlan,
  log: Log,
  signals: StopSignals,
): Promise<Running & { readonly node: MeshNode }> {
  const keys = readMeshKeys(flags);
  for (const warning of settings.warnings) tellStderr(`sluice node: ${warning}\n`);
  await using held = new AsyncDisposableStack();
  const services = held.use(new NodeServices(settings.offerings, { flags, commands, log, signal: signals.hurry }));
  await services.prepare();
  const { listen, join, advertise, allow, flatend } = settings;
  const options = {
    ...{ ...keys, listen, join, advertise, allow, flatend },
    ...{ services: services.handlers, log: logBeside(log) },
  };
  const node = new MeshNode(options);
  held.defer(() => unlessHurried(node.close(cliLimits.graceMs), signals.hurry));
  const narrator = held.use(new NodeNarrator(node));
  narrator.say(`node ${node.id}`);
  await Promise.race([start(node, options, settings, narrator), signals.told]);
  const running = held.move();
  return { node, close: () => running.disposeAsync() };
}

async function start(
  node: MeshNode,
  options: NodeOptions,
  { offerings, join, flatend }: NodeSettings,
  narrator: NodeNarrator,
): Promise<void> {
  // Whoever joins others can be called when one of them knows what it offers.
  if (join.length > 0) narrator.tellOffers();
  await node.start(options);
  for (const address of node.addresses) narrator.say(`listening on ${address}`);
  if (flatend !== undefined) {
    narrator.say(`listening on ${flatend.replace(/\d+$/, String(node.flatendPort))} for flatend`);
  }
  if (join.length === 0) { for (const { offer } of offerings) narrator.say(`offers ${offer}`); }
}
