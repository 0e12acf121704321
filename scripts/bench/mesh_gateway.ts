/** What a call costs that comes through the gateway. */

import { ask, type Measured, type Served } from "./gateway_loads.ts";
import type { MeshRun } from "./mesh.ts";
import { freePort, type Server } from "./processes.ts";
import { startSluice } from "./rivals/mesh_rivals.ts";
import { CALL_BYTES } from "./rivals/mesh_orders.mjs";
import type { Rival, RivalContext } from "./rivals/rival.ts";
import { startSluiceGateway } from "./rivals/sluice_gateway.ts";

/** Connections to the gateway. */
export const GATEWAY_CONNECTIONS = 64;

/** Names of the two. */
export const BY_MESH = "a service of the mesh";
export const BY_HTTP = "an upstream";

const POST = new URL("./gateway_post.lua", import.meta.url).pathname;
/** How long a service may take to be known, milliseconds, and how often is looked. */
const KNOWN_MS_MAX = 10_000;
const LOOK_MS = 50;

/** Gateway, node, handler. */
const byMesh: Rival = {
  name: BY_MESH,
  compiles: true,
  start: (_, context) =>
    together(async (stack) => {
      const address = `127.0.0.1:${freePort()}`;
      const text = `[mesh]\nlisten = "${address}"\n[[routes]]\npath = "/*rest"\nservice = "echo@^1"\n`;
      const gateway = stack.use(await startSluiceGateway(text, context));
      stack.use(await startSluice({ join: address, offers: true }, context));
      await answering(gateway.url, context.signal);
      return gateway;
    }),
};

/** Gateway, and a server with the same handler. */
const byHttp: Rival = {
  name: BY_HTTP,
  compiles: true,
  start: (_, context: RivalContext) =>
    together(async (stack) => {
      const { started } = stack.use(await startSluice({ http: true }, context));
      const text = `[[routes]]\npath = "/*rest"\nupstream = "http://127.0.0.1:${started.httpPort}"\n`;
      return stack.use(await startSluiceGateway(text, context));
    }),
};

/** By the name of the target. */
export async function measureGateway(run: MeshRun): Promise<Measured<Served>> {
  const body = await Deno.makeTempFile({ dir: run.dir });
  await Deno.writeFile(body, new Uint8Array(CALL_BYTES).fill(0x61));
  const seconds = Math.ceil(run.seconds); // wrk counts whole ones
  const loads = await ask({ ...run, seconds }, {
    ...{ subject: "through the gateway", rivals: [byMesh, byHttp], program: "" },
    ...{ connections: [GATEWAY_CONNECTIONS], script: [POST, "application/octet-stream", body], answer: CALL_BYTES },
  });
  return loads.get(GATEWAY_CONNECTIONS) ?? new Map();
}

/** A server with all that was started for it. */
async function together(start: (stack: AsyncDisposableStack) => Promise<Server>): Promise<Server> {
  await using stack = new AsyncDisposableStack();
  const { url, pids } = await start(stack);
  const all = stack.move();
  return { url, pids, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

async function answering(url: string, signal: AbortSignal): Promise<void> {
  for (const deadline = Date.now() + KNOWN_MS_MAX; Date.now() < deadline;) {
    const response = await fetch(url, { signal });
    await response.body?.cancel();
    if (response.ok) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new Error(`The gateway does not know the service after ${KNOWN_MS_MAX} ms`);
}
