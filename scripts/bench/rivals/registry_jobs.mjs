// What clients of any registry do under load, one job a process: CLIENT JOB URL ARGS. Each says a line of JSON when it is
// ready, and one with what it found; it ends with its standard input, and with it what it has registered.

import process from "node:process";

/**
 * A client of a registry.
 *
 * @typedef {object} RegistryClient
 * @property {() => Promise<unknown>} synced when all services are there
 * @property {(row: Row) => Promise<unknown>} register when the registry has it
 * @property {(onSeen: (id: string) => void, onGone: (id: string) => void) => void} watch
 * @property {(pattern: string) => readonly unknown[]} query from what the client has with it
 * @property {() => Promise<unknown>} close
 *
 * @typedef {{ id: string, role: string, version: string, host: string, port: number, zone: string }} Row
 * @typedef {(options: { follow: boolean }) => Promise<RegistryClient>} Connect
 */

/** Requests of one client that are under way at a time. */
const IN_FLIGHT = 256;
const ROLES = 1000;
/** How long questions are asked, milliseconds. */
const ASK_MS = 1000;

/** @type {Record<string, (connect: Connect, ...args: number[]) => Promise<void>>} */
const jobs = { register, watch, probe, sync, query };

/**
 * Does the job that the command line names.
 *
 * @param {(url: string, args: string[]) => Connect} open
 */
export async function doJob(open) {
  const [job, url, ...args] = process.argv.slice(2);
  const numbers = args.filter((arg) => /^\d+$/.test(arg)).map(Number);
  await jobs[job](open(url, args), ...numbers);
  process.exit();
}

/** Milliseconds since 1970, the same for all processes of a machine. */
function now() {
  return performance.timeOrigin + performance.now();
}

/** @param {object} value */
function say(value) {
  process.stdout.write(JSON.stringify(value) + "\n");
}

const ended = new Promise((resolve) => process.stdin.on("end", resolve).resume());

/**
 * @param {number} i
 * @returns {Row}
 */
function rowOf(i) {
  const version = `1.${i % 7}.${i}`;
  return { id: `id-${i}`, role: `svc${i % ROLES}`, version, host: "127.0.0.1", port: 20000 + i % 1000, zone: "eu" };
}

/** @type {(connect: Connect, count: number, clients: number) => Promise<void>} */
async function register(connect, count, clients) {
  const all = await Promise.all(Array.from({ length: clients }, () => connect({ follow: false })));
  const began = now();
  await Promise.all(all.map(async (client, c) => {
    let next = c;
    await Promise.all(Array.from({ length: IN_FLIGHT }, async () => {
      for (let i = next; i < count; i = next) {
        next += clients;
        await client.register(rowOf(i));
      }
    }));
  }));
  say({ ms: now() - began });
  await ended;
}

/**
 * Tells when each of many clients has seen what comes and goes, after so many times altogether.
 *
 * @type {(connect: Connect, clients: number, expected: number) => Promise<void>}
 */
async function watch(connect, clients, expected) {
  /** @type {Record<string, number[]>} */
  const [seen, gone] = [{}, {}];
  let left = expected;
  let finish = (/** @type {unknown} */ _) => {};
  const all = new Promise((resolve) => finish = resolve);
  const note = (/** @type {Record<string, number[]>} */ times, /** @type {string} */ id) => {
    (times[id] ??= []).push(now());
    if (--left === 0) finish(undefined);
  };
  for (let i = 0; i < clients; i++) {
    const client = await connect({ follow: true });
    client.watch((id) => note(seen, id), (id) => note(gone, id));
    await client.synced();
  }
  say({ ready: true });
  await Promise.race([all, ended]);
  say({ seen, gone });
  await ended;
}

/** @type {(connect: Connect, count: number, everyMs: number) => Promise<void>} */
async function probe(connect, count, everyMs) {
  const client = await connect({ follow: false });
  /** @type {Record<string, number>} */
  const called = {};
  for (let i = 0; i < count; i++) {
    await new Promise((resolve) => setTimeout(resolve, everyMs));
    const row = { ...rowOf(i), id: `probe-${i}`, role: "probe" };
    called[row.id] = now();
    await client.register(row);
  }
  say({ called });
  await ended;
}

/** @type {(connect: Connect, rounds: number) => Promise<void>} */
async function sync(connect, rounds) {
  const began = now();
  let found = 0;
  for (let i = 0; i < rounds; i++) {
    const client = await connect({ follow: true });
    await client.synced();
    found = client.query("svc7@1.x").length;
    await client.close();
  }
  say({ ms: now() - began, found });
}

/** @type {(connect: Connect) => Promise<void>} */
async function query(connect) {
  const client = await connect({ follow: true });
  await client.synced();
  const patterns = Array.from({ length: ROLES }, (_, i) => `svc${i}@1.x`);
  let [count, found] = [0, 0];
  const began = performance.now();
  while (performance.now() - began < ASK_MS) {
    for (let i = 0; i < 10; i++) found += client.query(patterns[count++ % ROLES]).length;
  }
  say({ perSecond: count / (performance.now() - began) * 1000, matches: found / count });
}
