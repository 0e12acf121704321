/** Nodes of a mesh as their users start them: `sluice node`, a process of its own. */

import { equal } from "node:assert/strict";
import { type LiveCli, startCli } from "./live_cli.ts";
import type { ServeSettings } from "./serve.ts";

/** A running node. Disposing it sends SIGINT and asserts that it ends with 0, unless somebody has ended it. */
export interface NodeCli extends LiveCli {
  readonly id: string;
  /** Where it listens first; empty where it does not. */
  readonly address: string;
}

/** Starts a node that listens, and waits until it does. */
export function listeningNode(args: readonly string[], settings?: ServeSettings): Promise<NodeCli> {
  return ready(["--listen", "0", ...args], /^sluice node: listening on (tcp:\S+)$/m, settings);
}

/** Starts a node that listens nowhere, and waits until it has joined. */
export function joiningNode(address: string, args: readonly string[], settings?: ServeSettings): Promise<NodeCli> {
  return ready(["--join", address, ...args], /^sluice node: joined by ()\S+$/m, settings);
}

async function ready(args: readonly string[], sign: RegExp, settings?: ServeSettings): Promise<NodeCli> {
  const cli = startCli(["node", ...args], settings);
  let isKilled = false;
  try {
    const [, address] = await cli.warned(sign);
    const [, id] = await cli.warned(/^sluice node: node ([a-z2-7]{52})$/m);
    for (const [offer] of args.join("\n").matchAll(/^[a-z][a-z\d-]*(@[\d.]+)?(?==)/gm)) {
      await cli.warned(new RegExp(`^sluice node: offers ${offer}$`, "m"));
    }
    return Object.create(cli, {
      id: { value: id },
      address: { value: address },
      kill: {
        value: (signal: Deno.Signal) => {
          isKilled = true; // whoever ends it looks at the exit code
          cli.kill(signal);
        },
      },
      [Symbol.asyncDispose]: {
        value: async () => {
          try {
            if (isKilled) return;
            cli.kill("SIGINT");
            equal(await cli.code, 0, cli.stderr);
          } finally {
            await cli[Symbol.asyncDispose]();
          }
        },
      },
    });
  } catch (error) {
    await cli[Symbol.asyncDispose]();
    throw error;
  }
}
