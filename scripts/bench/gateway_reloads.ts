/** What happens to requests while the gateway reads its file again and again. */

import type { GatewayRun } from "./gateway.ts";
import { FIRST, routesText } from "./gateway_routes.ts";
import { countFailures } from "./load.ts";
import { HEAD, type SluiceGateway, startSluiceGateway } from "./rivals/sluice_gateway.ts";
import { median } from "./table.ts";

/** What was seen. */
export interface Reloads {
  readonly routes: number;
  readonly reloads: number;
  /** From SIGHUP to the first answer by the new file: without other requests, and under load. */
  readonly idleMs: number;
  readonly loadedMs: number;
  readonly requests: number;
  /** Requests that were not answered, or not with 200. */
  readonly lost: number;
}

const ROUTES = 1000;
const RELOADS = 20;
const CONNECTIONS = 32;
/** Far more than a reload takes. */
const SEEN_MS_MAX = 10_000;

/** Reads a file of many routes again, all of which have changed, while one of them is asked all the time. */
export async function measureReloads({ signal, dir, quick }: GatewayRun): Promise<Reloads> {
  await using server = await startSluiceGateway(routesText(ROUTES, "0", "0").slice(HEAD.length), { dir, signal });
  const url = server.url + FIRST;
  let version = 0;
  const reload = () => timeReload(server, String(++version), signal);
  const idle: number[] = [];
  for (let i = 0; i < (quick ? 3 : 10); i++) idle.push(await reload());

  const seconds = Math.ceil(RELOADS * median(idle) * 3 / 1000) + 1;
  let isOver = false;
  const load = countFailures(url, { connections: CONNECTIONS, seconds, signal }).finally(() => isOver = true);
  const loaded: number[] = [];
  for (let i = 0; i < RELOADS; i++) {
    loaded.push(await reload());
    if (isOver) throw new Error(`The load has ended after ${i} reloads`);
  }
  const { requests, failed } = await load;
  return {
    ...{ routes: ROUTES, reloads: RELOADS, requests, lost: failed },
    ...{ idleMs: median(idle), loadedMs: median(loaded) },
  };
}

/** Writes another version of the file, and waits until it is in force. */
async function timeReload({ file, url, pids }: SluiceGateway, version: string, signal: AbortSignal): Promise<number> {
  await Deno.writeTextFile(file, routesText(ROUTES, version, version));
  const started = performance.now();
  for (const pid of pids) Deno.kill(pid, "SIGHUP");
  for (;;) {
    signal.throwIfAborted();
    const response = await fetch(url + FIRST);
    const took = performance.now() - started;
    if (await response.text() === version) return took;
    if (took > SEEN_MS_MAX) throw new Error(`The file is not in force after ${SEEN_MS_MAX} ms`);
  }
}
