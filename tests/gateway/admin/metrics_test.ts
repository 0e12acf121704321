/** What is counted, without a gateway. */

import { deepEqual } from "node:assert/strict";
import { Metrics } from "../../../src/gateway/admin/metrics.ts";

/** The lines of one name. */
async function linesOf(metrics: Metrics, name: string): Promise<string[]> {
  return (await metrics.render()).split("\n").filter((line) => line.startsWith(name));
}

Deno.test("those who wait in several queues of a route are counted together, and other routes apart", async () => {
  const metrics = new Metrics();
  const [first, second, other] = [metrics.queue("a"), metrics.queue("a"), metrics.queue("b")];
  first(1);
  first(2);
  second(1);
  other(5);
  const name = "sluice_requests_waiting";
  deepEqual(await linesOf(metrics, name), [`${name}{route="a"} 3`, `${name}{route="b"} 5`]);
  first(0);
  deepEqual(await linesOf(metrics, name), [`${name}{route="a"} 1`, `${name}{route="b"} 5`]);
  second(0);
  metrics.forget("b");
  deepEqual(await linesOf(metrics, name), [`${name}{route="a"} 0`]);
});
