/** What processes that share a folder do, and what lies there. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { Challenges } from "../../../src/gateway/tls/acme_challenges.ts";
import { HOSTS, startAcme } from "../../support/acme.ts";
import { makeFolder } from "../../support/folder.ts";
import { within } from "../../support/within.ts";

Deno.test("of several processes with one folder one orders, any answers, and all serve the same", async () => {
  await using world = await startAcme();
  // The test is the process that the challenge comes to; it has no order.
  world.handler = new Challenges(world.config.dir).handler;
  const runs = await within("the processes have a certificate", Promise.all([1, 2, 3].map(() => obtain(world.config))));
  for (const { code, stderr } of runs) equal(code, 0, stderr);
  const [first, ...others] = runs.map(({ stdout }) => stdout);
  ok(first.includes("-----BEGIN CERTIFICATE-----"), first);
  for (const other of others) equal(other, first);
  equal(world.pebble.output.match(/Issued certificate/g)?.length, 1, world.pebble.output);
});

/** A process that ends when it has a certificate of the authority, and prints it. */
async function obtain(config: unknown): Promise<{ code: number; stdout: string; stderr: string }> {
  const worker = fileURLToPath(new URL("../../support/acme_worker.ts", import.meta.url));
  const args = ["run", "-A", "--no-check", worker, JSON.stringify(config), JSON.stringify(HOSTS)];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("challenges answer for tokens alone, whatever else lies in the folder", async () => {
  await using folder = await makeFolder({ "account.json": "secret" });
  const challenges = new Challenges(folder.path);
  const ask = (path: string, method = "GET") =>
    Promise.resolve(challenges.handler(new Request(`http://a.example/.well-known/acme-challenge/${path}`, { method })));
  {
    await using _offer = await challenges.offer("t0-_k", "t0-_k.print");
    const answer = await ask("t0-_k?query");
    deepEqual([answer.status, await answer.text()], [200, "t0-_k.print"]);
    deepEqual([(await ask("t0-_k", "HEAD")).status, (await ask("t0-_k", "POST")).status], [200, 405]);
    for (const path of ["", "other", "..%2faccount.json", "%2e%2e/account.json", "t0-_k/", "t0-_k%00"]) {
      equal((await ask(path)).status, 404, path);
    }
  }
  equal((await ask("t0-_k")).status, 404);
});
