/** Hubs agree when the trouble is over, whatever it was. */

import { RegistrySimulation, settleMs } from "../../support/registry_simulation.ts";

const [schedules, parts] = [1000, 4];

for (let part = 0; part < parts; part++) {
  const first = part * schedules / parts;
  const last = first + schedules / parts - 1;
  Deno.test(`five hubs show the same, all that lives and no more, ${settleMs} ms after trouble [${first} to ${last}]`, () => {
    for (let seed = first; seed <= last; seed++) runSchedule(seed);
  });
}

function runSchedule(seed: number): void {
  try {
    new RegistrySimulation(seed).run();
  } catch (cause) {
    throw new Error(`Schedule ${seed} failed: ${(cause as Error).message}`, { cause });
  }
}
