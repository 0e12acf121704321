/** What one slow provider of several does to all calls. */

import { type CallLoad, warm } from "./mesh_calls.ts";
import type { MeshRun } from "./mesh.ts";
import { startSluice } from "./rivals/mesh_rivals.ts";

/** Calls to three providers. */
export interface Slow {
  readonly healthyP50Ms: number;
  readonly healthyP99Ms: number;
  /** From the moment on at which one has become slow. */
  readonly slowP50Ms: number;
  readonly slowP99Ms: number;
  /** The part of the calls that went to that one. */
  readonly slowShare: number;
}

export const PROVIDERS = 3;
export const DELAY_MS = 200;
/** Well below what they can answer: what is measured is not the queue. */
export const CALLS_PER_SECOND = 500;
/** Calls before those that are measured, milliseconds. */
const SETTLE_MS = 1000;
/** Length of each measurement: as in Linkerd's published one, so that the first moment of slowness counts as it did there. */
export const SLOW_MS = 10_000;

/** First all are well, and then one is slow. */
export async function measureSlow(run: MeshRun): Promise<Slow> {
  console.error("a slow provider");
  const ms = run.quick ? SLOW_MS / 5 : SLOW_MS;
  await using stack = new AsyncDisposableStack();
  const role = { listen: "127.0.0.1:0", offers: true };
  const first = stack.use(await startSluice(role, run));
  const join = first.started.address;
  for (let i = 2; i < PROVIDERS; i++) stack.use(await startSluice({ ...role, join }, run));
  const slow = stack.use(await startSluice({ ...role, join }, run));
  const caller = stack.use(await startSluice({ join }, run));
  await warm({ caller }, run);
  const found = await caller.order<number>("providers");
  if (found !== PROVIDERS) throw new Error(`${found} providers are known, not ${PROVIDERS}`);

  await caller.order("steady", CALLS_PER_SECOND, SETTLE_MS);
  const healthy = await caller.order<CallLoad>("steady", CALLS_PER_SECOND, ms);
  await slow.order("answered");
  await slow.order("delay", DELAY_MS);
  const all = await caller.order<CallLoad>("steady", CALLS_PER_SECOND, ms);
  const slowShare = await slow.order<number>("answered") / all.calls;
  return {
    ...{ healthyP50Ms: healthy.p50Ms, healthyP99Ms: healthy.p99Ms },
    ...{ slowP50Ms: all.p50Ms, slowP99Ms: all.p99Ms, slowShare },
  };
}
