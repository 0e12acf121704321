/** The node behind `sluice node`, from its start to its end. */

import { MeshNode } from "../mesh/node/mesh_node.ts";
import type { NodeOptions } from "../mesh/node/node_options.ts";
import { assignment, LARGER_YOUNG_GENERATION_MIB, runInIsolates } from "./isolates.ts";
import { openLog } from "./log_flag.ts";
import { readMeshKeys } from "./mesh_keys.ts";
import { logBeside, NodeNarrator } from "./node_narrator.ts";
import { NodeServices } from "./node_services.ts";
import { type NodeFlags, type NodeSettings, settleNode } from "./node_settings.ts";
import { tellStderr } from "./output.ts";
import { INTERRUPTED, StopSignals } from "./signals.ts";

/** How long calls under way may take when the node is told to stop. */
const GRACE_MS = 5000;

/** Offers services until a signal asks for the end. */
export async function runNode(words: readonly string[], flags: NodeFlags, commands: readonly string[]): Promise<void> {
  const settings = settleNode(words, flags);
  if (!assignment()) {
    const code = await runInIsolates(1, LARGER_YOUNG_GENERATION_MIB);
    return code === 0 ? undefined : Deno.exit(code);
  }
  using signals = new StopSignals();
  const keys = readMeshKeys(flags);
  for (const warning of settings.warnings) tellStderr(`sluice node: ${warning}\n`);
  const log = openLog(flags.log);
  {
    await using services = new NodeServices(settings.offerings, { flags, commands, log, signal: signals.hurry });
    await services.prepare();
    const { listen, join, advertise, allow, flatend } = settings;
    const options = {
      ...{ ...keys, listen, join, advertise, allow, flatend },
      ...{ services: services.handlers, log: logBeside(log) },
    };
    const node = new MeshNode(options);
    using narrator = new NodeNarrator(node);
    try {
      narrator.say(`node ${node.id}`);
      await Promise.race([start(node, options, settings, narrator), signals.told]);
      await signals.told;
      narrator[Symbol.dispose]();
    } finally {
      await leave(node, signals.hurry);
    }
  }
  if (signals.hurry.aborted) Deno.exit(INTERRUPTED);
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

/** Calls under way come to their end, unless it takes too long, or somebody is in a hurry. */
async function leave(node: MeshNode, hurry: AbortSignal): Promise<void> {
  const { promise: hurried, resolve } = Promise.withResolvers<void>();
  hurry.addEventListener("abort", () => resolve(), { once: true });
  await Promise.race([node.close(GRACE_MS), hurried]);
}
