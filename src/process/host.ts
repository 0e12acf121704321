/** What this host lets programs and servers do: each thing is tried, or asked of the system, and judged. */

import { bounds } from "./host/bounds.ts";
import { clock } from "./host/clock.ts";
import { disk } from "./host/disk.ts";
import { bad, type HostCheck, type HostFact, type HostPlace, warn, wordsOf } from "./host/fact.ts";
import { folders } from "./host/folders.ts";
import { groups } from "./host/groups.ts";
import { hostLimits } from "./host/host_limits.ts";
import { interpreters } from "./host/interpreters.ts";
import { network } from "./host/network.ts";
import { starting } from "./host/starting.ts";

/** Those that look by themselves. */
const FIRST = [...starting, ...groups, ...bounds, ...network, ...folders, ...interpreters];
/** Those that would be disturbed by the others: a disk that they write to, a clock that is looked at twice. */
const LAST = [...disk, ...clock];

/** What is to be looked at. */
export interface DescribeHostOptions {
  /** Folder that streams are to be kept in; undefined where it can't be told. */
  readonly store?: string;
  /** Ends a look that takes its time; what was not seen is told so. */
  readonly signal: AbortSignal;
}

/**
 * Asks and tries, in less than five seconds, whatever does not answer. It starts a short process, and makes and removes a
 * control group, a socket and temporary files.
 */
export async function describeHost({ store, signal }: DescribeHostOptions): Promise<readonly HostFact[]> {
  const began = { wall: Date.now(), monotonic: performance.now() };
  const place = { store, signal, began };
  const facts = await Promise.all(FIRST.map((check) => look(check, place)));
  return [...facts, ...await Promise.all(LAST.map((check) => look(check, place)))];
}

/** One look, which has an outcome in time. */
async function look({ name, look }: HostCheck, place: HostPlace): Promise<HostFact> {
  const { promise: late, resolve } = Promise.withResolvers<HostFact>();
  const giveUp = () => resolve({ name, ...warn(`not known: no answer within ${hostLimits.lookMs / 1000} s`) });
  const timer = setTimeout(giveUp, hostLimits.lookMs);
  try {
    return await Promise.race([(async () => ({ name, ...await look(place) }))(), late]);
  } catch (error) {
    return { name, ...bad(wordsOf(error)) };
  } finally {
    clearTimeout(timer);
  }
}
