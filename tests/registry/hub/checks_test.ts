/** Services that somebody else registers, and that the hub asks whether they are there. */

import { deepEqual, equal } from "node:assert/strict";
import { limits } from "../../../src/limits.ts";
import { connect, next, seen, startHub } from "../../support/registry_hub.ts";

const everyMs = limits.registryCheckMsMin;

Deno.test("a service that accepts no connections any more is shown to nobody until it does again", async () => {
  await using hub = await startHub();
  await using client = await connect(hub);
  let listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const registration = await client.register("db@1.0.0", { id: "db", port, check: { tcp: true, everyMs }, x: 1 });
  equal(hub.query("db").length, 1);
  const freed = next(hub, "free");
  listener.close();
  equal((await freed).id, "db");
  // Its owner still has it, and so has nobody else.
  await registration.set({ check: { tcp: true, everyMs }, x: 2 });
  deepEqual(hub.query("db"), []);
  const back = next(hub, "register");
  listener = Deno.listen({ hostname: "127.0.0.1", port });
  equal((await back).x, 2);
  await registration.free();
  deepEqual(hub.query("db"), []);
  listener.close();
});

Deno.test("a service is asked over HTTP, and any other status than 2xx is a no", async () => {
  await using hub = await startHub();
  await using client = await connect(hub);
  let status = 200;
  const paths = new Set<string>();
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    paths.add(new URL(request.url).pathname);
    return new Response(null, { status });
  });
  const { port } = server.addr;
  await client.register("web@1.0.0", { id: "w", port, check: { http: "/health", everyMs } });
  const freed = next(hub, "free");
  status = 503;
  await freed;
  const back = next(hub, "register");
  status = 204;
  await back;
  deepEqual([...paths], ["/health"]);
});

Deno.test("a checked service whose owner leaves is not brought back", async () => {
  await using hub = await startHub();
  const client = await connect(hub);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  await client.register("db", { id: "db", port, check: { tcp: true, everyMs } });
  const freed = next(hub, "free");
  listener.close();
  await freed;
  await client.close();
  await using again = await connect(hub);
  await again.register("db", { id: "db", port: 1 });
  await seen(hub, "db", ([service]) => service?.port === 1);
});
