/** What one slow provider of several does to all calls. */

import { type CallLoad, warm } from "./mesh_calls.ts";
import type { MeshRun } from "./mesh.ts";
import { startSluice } from "./rivals/mesh_rivals.ts";

/** Calls to three providers. */
export interface Slow {
  /** Length of each measurement. */
  readonly seconds: number;
  readonly healthyP50Ms: number;
  readonly healthyP99Ms: number;
  /** From the moment on at which one has become slow. */
  readonly slowP50Ms: number;
  readonly slowP99Ms: number;
  /** The part of the calls that went to that one, before and then. */
  readonly healthyShare: number;
  readonly slowShare: number;
}

export const PROVIDERS = 3;
/** What an answer takes of itself: without it, the slowest percent would be the machine's own hiccups. */
export const ANSWER_MS = 20;
/** What is added to that. */
export const DELAY_MS = 200;
/** Well below what they can answer: what is measured is not the queue. */
export const CALLS_PER_SECOND = 500;
/** Calls before those that are measured, milliseconds. */
const SETTLE_MS = 2000;
/** Length of each measurement: as in Linkerd's published one, so that the first moment of slowness counts as it did there. */
const SECONDS = 10;

/** First all are well, and then one is slow. */
export async function measureSlow(run: MeshRun): Promise<Slow> {
  console.error("a slow provider");
  const seconds = run.quick ? SECONDS / 5 : SECONDS;
  await using stack = new AsyncDisposableStack();
  const role = { listen: "127.0.0.1:0", offers: true };
  const first = stack.use(await startSluice(role, run));
  const join = first.started.address;
  const providers = [first];
  while (providers.length < PROVIDERS) providers.push(stack.use(await startSluice({ ...role, join }, run)));
  const caller = stack.use(await startSluice({ join }, run));
  await warm({ caller }, run);
  for (const provider of providers) await provider.order("delay", ANSWER_MS);
  const found = await caller.order<number>("providers");
  if (found !== PROVIDERS) throw new Error(`${found} providers are known, not ${PROVIDERS}`);

  const slow = providers[PROVIDERS - 1];
  const measure = async () => {
    await slow.order("answered");
    const load = await caller.order<CallLoad>("steady", CALLS_PER_SECOND, seconds * 1000);
    return { ...load, share: await slow.order<number>("answered") / load.calls };
  };
  await caller.order("steady", CALLS_PER_SECOND, SETTLE_MS);
  const healthy = await measure();
  await slow.order("delay", ANSWER_MS + DELAY_MS);
  const all = await measure();
  return {
    ...{ seconds, healthyShare: healthy.share, slowShare: all.share },
    ...{ healthyP50Ms: healthy.p50Ms, healthyP99Ms: healthy.p99Ms },
    ...{ slowP50Ms: all.p50Ms, slowP99Ms: all.p99Ms },
  };
}
