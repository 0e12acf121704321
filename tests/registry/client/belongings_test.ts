/** What a client has registered stays registered, whichever hubs it comes to. */

import { deepEqual, equal, rejects } from "node:assert/strict";
import { newKeyPair } from "../../../src/net/keys.ts";
import { connectRegistry } from "../../../src/registry/connect_registry.ts";
import { startLyingHub } from "../../support/lying_hub.ts";
import { connect, next, seen, startHub } from "../../support/registry_hub.ts";

Deno.test("a service that the next hub does not take is registered again at the first one", async () => {
  const key = newKeyPair();
  const first = await startHub({ authorized: [{ key }] });
  const { port, url } = first;
  const second = await startHub({ authorized: [] });
  await using client = connectRegistry([url!, second.url!], { key });
  const lost: string[] = [];
  client.addEventListener("lost", ({ detail }) => lost.push(detail));
  const { id } = await client.register("web@1.2.3", { port: 1 });
  const refused = next(client, "reject");
  await first.close();
  equal((await refused).code, "unauthorized");
  await using again = await startHub({ authorized: [{ key }], port });
  await second.close();
  deepEqual((await seen(again, "web", (services) => services.length === 1)).map((service) => service.id), [id]);
  deepEqual(lost, []);
});

for (const [code, isLost] of [["taken", true], ["invalid", true], ["limit", false], ["unauthorized", false]] as const) {
  Deno.test(`a service that a hub refuses to have again as ${code} is ${isLost ? "" : "not "}lost`, async () => {
    let times = 0;
    const service = { id: "one", role: "web", host: "h", port: 1 };
    await using liar = await startLyingHub({
      answer: ({ type, request }, say) => {
        if (type !== "register") return;
        if (times++ === 1) return say({ type: "refused", request, code, message: "no" });
        say({ type: "done", request, service });
        if (times === 1) say("{"); // the client ends the connection
        else say({ type: "changes", index: 1, changes: [{ service }] });
      },
    });
    await using client = connectRegistry(liar.url);
    const lost: string[] = [];
    client.addEventListener("lost", ({ detail }) => lost.push(detail));
    const rejected = next(client, "reject");
    await client.register("web", { id: "one", port: 1 });
    equal((await rejected).code, code);
    deepEqual(lost, isLost ? ["one"] : []);
    if (isLost) await client.register("web", { id: "one", port: 1 });
    else await rejects(client.register("web", { id: "one", port: 1 }), { code: "taken" });
  });
}

Deno.test("its role, its version and its id stay a service's own, over a reconnect too", async () => {
  const hub = await startHub();
  const { port, url } = hub;
  await using client = await connect(url!);
  const registration = await client.register("web@1.2.3", { id: "one", port: 1 });
  for (const [name, value] of [["version", "9.9.9"], ["role", "db"], ["id", "two"], ["version", "none"]]) {
    await rejects(registration.set({ [name]: value }), { code: "invalid" });
  }
  const changed = await registration.set({ ...registration.service, load: 2 });
  deepEqual(changed, { id: "one", role: "web", version: "1.2.3", host: "127.0.0.1", port: 1, load: 2 });
  await hub.close();
  await using again = await startHub({ port });
  deepEqual(await seen(again, "web", (services) => services.length === 1), [changed]);
});
