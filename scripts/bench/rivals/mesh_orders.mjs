// How processes of the mesh's benchmark are told what to do, whoever's they are: an order is a line of JSON on standard
// input, `[NAME, ...ARGS]`, and what came of it a line on standard output. They end with their standard input.

import process from "node:process";
import { createInterface } from "node:readline";

/** Bytes of a call, each way. */
export const CALL_BYTES = 1024;
/** Bytes that sources of long bodies give at once, as files do. */
export const PIECE_BYTES = 65_536;

/** How long a first answer is waited for, milliseconds, and how often is asked. */
const READY_MS_MAX = 10_000;
const READY_EVERY_MS = 20;

/**
 * Says that it is ready, and does what it is told.
 *
 * @param {unknown} started what is to be known of it
 * @param {Record<string, (...args: any[]) => unknown>} orders
 */
export async function takeOrders(started, orders) {
  const say = (/** @type {object} */ said) => process.stdout.write(JSON.stringify(said) + "\n");
  say({ done: started });
  for await (const line of createInterface({ input: process.stdin })) {
    const [name, ...args] = JSON.parse(line);
    try {
      say({ done: await orders[name](...args) ?? null });
    } catch (error) {
      say({ error: error instanceof Error ? error.message : String(error) });
    }
  }
  process.exit();
}

/**
 * Orders for whoever calls.
 *
 * @param {() => Promise<number>} call calls once, and gives the bytes of the answer
 */
export function callOrders(call) {
  const checked = async () => {
    const bytes = await call();
    if (bytes !== CALL_BYTES) throw new Error(`An answer has ${bytes} bytes, not ${CALL_BYTES}`);
  };
  return {
    ready: () => firstAnswer(checked),
    calls: (/** @type {number} */ inFlight, /** @type {number} */ ms) => keepCalling(checked, inFlight, ms),
    steady: (/** @type {number} */ perSecond, /** @type {number} */ ms) => callSteadily(checked, perSecond, ms),
  };
}

/** @param {() => Promise<void>} call */
async function firstAnswer(call) {
  const deadline = performance.now() + READY_MS_MAX;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await wait(READY_EVERY_MS); // it may not be known yet who answers
    }
  }
}

/**
 * As many calls as are answered, so many at a time.
 *
 * @param {() => Promise<void>} call
 * @param {number} inFlight
 * @param {number} ms
 */
async function keepCalling(call, inFlight, ms) {
  /** @type {number[]} */
  const times = [];
  const began = performance.now();
  await Promise.all(Array.from({ length: inFlight }, async () => {
    for (let now = began; now - began < ms;) {
      await call();
      const after = performance.now();
      times.push(after - now);
      now = after;
    }
  }));
  return summary(times, performance.now() - began);
}

/**
 * Calls as they come, whether those before have been answered or not; each takes from when it was due.
 *
 * @param {() => Promise<void>} call
 * @param {number} perSecond
 * @param {number} ms
 */
async function callSteadily(call, perSecond, ms) {
  /** @type {number[]} */
  const times = [];
  const began = performance.now();
  const all = [];
  for (let i = 0; i < perSecond * ms / 1000; i++) {
    const due = began + i * 1000 / perSecond;
    while (performance.now() < due) await wait(1);
    all.push(call().then(() => times.push(performance.now() - due)));
  }
  await Promise.all(all);
  return summary(times, performance.now() - began);
}

/**
 * @param {number[]} times of calls
 * @param {number} ms of all
 */
function summary(times, ms) {
  const sorted = Float64Array.from(times).sort();
  const at = (/** @type {number} */ part) => sorted[Math.floor((sorted.length - 1) * part)];
  return { calls: times.length, callsPerSecond: times.length / ms * 1000, p50Ms: at(0.5), p99Ms: at(0.99) };
}

/** @param {number} ms */
function wait(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
