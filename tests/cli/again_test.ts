import { deepEqual, equal } from "node:assert/strict";
import { Again } from "../../src/cli/again.ts";

Deno.test("Again does a thing once for all who ask while it is done, and once more for what they asked meanwhile", async () => {
  const again = new Again();
  const runs: PromiseWithResolvers<void>[] = [];
  again.begin(() => (runs.push(Promise.withResolvers()), runs.at(-1)!.promise));
  for (let i = 0; i < 50; i++) again.ask();
  equal(runs.length, 1);
  runs[0].resolve();
  await runs[0].promise.then(() => {}).then(() => {});
  equal(runs.length, 2);
  runs[1].resolve();
  await runs[1].promise.then(() => {}).then(() => {});
  equal(runs.length, 2);
  again.ask();
  equal(runs.length, 3);
  runs[2].resolve();
});

Deno.test("Again remembers who asks before it is known what to do", async () => {
  const again = new Again();
  const done: number[] = [];
  again.ask();
  again.ask();
  again.begin(() => Promise.resolve(void done.push(1)));
  await Promise.resolve().then(() => {});
  deepEqual(done, [1]);
});
