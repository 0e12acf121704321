/** Ways to call somebody by name over the network: ours, its rivals, and the floor. */

import { MeshProcess } from "../mesh_process.ts";
import { accepting, freePort, run, startServer } from "../processes.ts";
import { pathOf } from "./registries.ts";
import type { RivalContext } from "./rival.ts";
import type { SluicePlace, SluiceRole } from "./mesh_sluice.ts";

/** Who calls, who answers, and who is between. */
export interface CallPath {
  /** Takes the orders of `callOrders`. */
  readonly caller: MeshProcess;
  readonly answerer: MeshProcess;
  /** Processes that pass calls on. */
  readonly between: readonly number[];
}

/** One way. */
export interface CallRival {
  readonly name: string;
  /** Starts all of it; the stack ends it. */
  start(stack: AsyncDisposableStack, context: RivalContext): Promise<CallPath>;
}

const NATS_VERSION = "2.29.3";
const FLATEND_VERSION = "0.0.8";
const LOOPBACK = "127.0.0.1:0";

/** Installs npm's nats and flatend, and returns the folder that they lie in. */
export async function installMeshes({ dir, signal }: RivalContext): Promise<string> {
  const home = await Deno.makeTempDir({ dir });
  const packages = { private: true, dependencies: { nats: NATS_VERSION, flatend: FLATEND_VERSION } };
  await Deno.writeTextFile(`${home}/package.json`, JSON.stringify(packages));
  const quiet = ["--silent", "--no-audit", "--no-fund", "--ignore-scripts"];
  await run(["npm", "install", ...quiet, "--prefix", home], signal);
  return home;
}

/** Starts one of our scripts for Deno. */
export function startScript<T>(
  name: string,
  args: readonly unknown[],
  signal: AbortSignal,
  flags: readonly string[] = [],
): Promise<MeshProcess<T>> {
  return MeshProcess.start([Deno.execPath(), "run", "-A", ...flags, pathOf(name), ...args.map(String)], signal);
}

/** Starts a node of ours. */
export function startSluice(
  role: SluiceRole,
  { signal }: RivalContext,
  flags?: readonly string[],
): Promise<MeshProcess<SluicePlace>> {
  return startScript("mesh_sluice.ts", [JSON.stringify(role)], signal, flags);
}

/** A node that offers, and one that calls. */
export async function startPair(stack: AsyncDisposableStack, context: RivalContext): Promise<CallPath> {
  const answerer = stack.use(await startSluice({ listen: LOOPBACK, offers: true }, context));
  const caller = stack.use(await startSluice({ join: answerer.started.address }, context));
  return { caller, answerer, between: [] };
}

/** Ours, node to node. */
export const sluiceMesh: CallRival = { name: "Sluice", start: startPair };

/** NATS, with npm's client on both sides. */
export function nats(home: string): CallRival {
  return {
    name: "NATS",
    start: async (stack, { dir, signal }) => {
      const port = freePort();
      const command = ["nats-server", "-a", "127.0.0.1", "-p", String(port)];
      const server = stack.use(await startServer(command, { dir, ready: accepting(port), signal }));
      const client = (role: string) =>
        MeshProcess.start(["node", pathOf("mesh_nats.mjs"), home, String(port), role], signal);
      const answerer = stack.use(await client("responder"));
      return { answerer, caller: stack.use(await client("requester")), between: server.pids };
    },
  };
}

function startFlatend(home: string, port: number, role: string, signal: AbortSignal): Promise<MeshProcess> {
  return MeshProcess.start(["node", pathOf("mesh_flatend.mjs"), home, String(port), role], signal);
}

/** A service of npm's flatend, called by the node of ours that it has joined. */
export function flatendAnswers(home: string): CallRival {
  return {
    name: "Sluice calls npm flatend",
    start: async (stack, context) => {
      const caller = stack.use(await startSluice({ flatend: LOOPBACK }, context));
      const { flatendPort } = caller.started;
      const answerer = stack.use(await startFlatend(home, flatendPort, "provider", context.signal));
      return { caller, answerer, between: [] };
    },
  };
}

/** A service of ours, called by npm's flatend. */
export function flatendCalls(home: string): CallRival {
  return {
    name: "npm flatend calls Sluice",
    start: async (stack, context) => {
      const answerer = stack.use(await startSluice({ flatend: LOOPBACK, offers: true }, context));
      const { flatendPort } = answerer.started;
      const caller = stack.use(await startFlatend(home, flatendPort, "caller", context.signal));
      return { caller, answerer, between: [] };
    },
  };
}

/** Bytes over node:net, with a relay between the two, or without. */
export function netFloor(name: string, { hasRelay }: { readonly hasRelay: boolean }): CallRival {
  return {
    name,
    start: async (stack, { signal }) => {
      const floor = (...args: readonly unknown[]) => startScript<number>("mesh_floor.ts", args, signal);
      const answerer = stack.use(await floor("echo"));
      const relay = hasRelay ? stack.use(await floor("relay", answerer.started)) : undefined;
      const caller = stack.use(await floor("caller", relay?.started ?? answerer.started));
      return { caller, answerer, between: relay ? [relay.pid] : [] };
    },
  };
}
