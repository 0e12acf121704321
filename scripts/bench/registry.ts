/** The benchmark of `sluice registry`: services that register and are found, against other registries. */

import { Failures, inRounds } from "./fleet.ts";
import { medianLoad } from "./load.ts";
import { run } from "./processes.ts";
import {
  type Delay,
  type Filled,
  measureFilled,
  measureKilling,
  measureMemory,
  measureRegistering,
  measureSeeing,
  type Memory,
} from "./registry_parts.ts";
import { registryReport } from "./registry_report.ts";
import { etcd } from "./rivals/etcd.ts";
import { installRegistries, type RegistryRival, seaport, sluiceRegistry } from "./rivals/registries.ts";
import type { BenchOptions } from "./serve.ts";
import { mapValues, median } from "./table.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Measures everything and returns it as Markdown. */
export async function benchRegistry(options: BenchOptions): Promise<string> {
  const failures = new Failures(options.signal);
  const rounds = options.quick ? 1 : 3;
  const home = await failures.attempt("seaport and etcd's client, install", () => installRegistries(options));
  const rivals = [sluiceRegistry(), ...home === null ? [] : [seaport(home), etcd(home)]];
  const measured = <T>(subject: string, measure: (rival: RegistryRival) => Promise<T>, rounds: number) => {
    const measures = new Map(rivals.map((rival) => [rival.name, () => measure(rival)]));
    return inRounds(measures, { rounds, subject, failures });
  };
  const registering = await inRounds(await waysToRegister(rivals, options), {
    ...{ rounds, subject: "registrations", failures },
  });
  const filled = await measured<Filled>("questions", (rival) => measureFilled(rival, options), rounds);
  const seeing = await measured<Delay>("watchers", (rival) => measureSeeing(rival, options), 1);
  const memory = await measured<Memory>("memory", (rival) => measureMemory(rival, options), 1);
  const killing = await measured<number>("killed processes", (rival) => measureKilling(rival, options), 1);
  return registryReport({
    rounds,
    registering: mapValues(registering, median),
    filled: mapValues(filled, medianFilled),
    seeing: mapValues(seeing, ([one]) => one),
    memory: mapValues(memory, ([one]) => one),
    killing: mapValues(killing, ([one]) => one),
    failures,
  });
}

/** Each registry as it starts by itself, and ours in the ways that cost more. */
async function waysToRegister(
  rivals: readonly RegistryRival[],
  options: BenchOptions,
): Promise<Map<string, () => Promise<number>>> {
  const [ours] = rivals;
  const key = `${await Deno.makeTempDir({ dir: options.dir })}/key.pem`;
  await run([Deno.execPath(), "run", "-A", `${ROOT}cli.ts`, "keys", "new", key], options.signal);
  return new Map([
    ...rivals.map((rival) => [rival.name, () => measureRegistering(rival, options)] as const),
    [`${ours.name}, kept on the disk`, () => measureRegistering(ours, options, { isKept: true })],
    [`${ours.name}, signed (Ed25519)`, () => measureRegistering(ours, options, { key })],
  ]);
}

function medianFilled(all: readonly Filled[]): Filled {
  const loads = all.flatMap(({ http }) => http ?? []);
  const local = all.flatMap(({ localPerSecond }) => localPerSecond ?? []);
  return {
    http: loads.length > 0 ? medianLoad(loads) : undefined,
    localPerSecond: local.length > 0 ? median(local) : undefined,
    syncsPerSecond: median(all.map(({ syncsPerSecond }) => syncsPerSecond)),
  };
}
