/** Services that somebody else registers, and that the hub asks whether they are there. */

import { deepEqual, equal } from "node:assert/strict";
import { limits } from "../../../src/limits.ts";
import { newKeyPair } from "../../../src/net/keys.ts";
import { startCli } from "../../support/live_cli.ts";
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

Deno.test("a service that is registered anew while it does not answer is hidden once more", async () => {
  await using hub = await startHub();
  const key = newKeyPair();
  const options = { id: "db", port: closedPort(), check: { tcp: true as const, everyMs } };
  await using first = await connect(hub, { key });
  await first.register("db", options);
  await seen(hub, "db", (services) => services.length === 0);
  await using second = await connect(hub, { key });
  await second.register("db", options);
  await seen(hub, "db", (services) => services.length === 0);
});

Deno.test("a service that answers is shown again, whatever was set while it did not", async () => {
  await using hub = await startHub();
  await using client = await connect(hub);
  const port = closedPort();
  const check = { tcp: true as const, everyMs };
  const [a, b] = [
    await client.register("a", { id: "a", port, check }),
    await client.register("b", { id: "b", port, check }),
  ];
  await seen(hub, "", (services) => !services.some(({ role }) => role === "a" || role === "b"));
  await a.set({ zone: "x" });
  await b.set({ zone: "x", check: { tcp: true, everyMs: everyMs + 50 } });
  using _listener = Deno.listen({ hostname: "127.0.0.1", port });
  const [service] = await seen(hub, "a", (services) => services.length === 1);
  deepEqual([service.zone, service.check], ["x", check]);
  await seen(hub, "b", (services) => services.length === 1);
});

Deno.test("a service is asked itself, not a proxy of the environment, nor where it redirects to", async () => {
  let elsewhere = 0;
  await using other = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    elsewhere++;
    return new Response("fine");
  });
  const url = `http://127.0.0.1:${other.addr.port}/`;
  let asked = 0;
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    asked++;
    return Response.redirect(url);
  });
  const env = { HTTP_PROXY: url, http_proxy: url, NODE_USE_ENV_PROXY: "1" };
  await using hub = startCli(["registry", "listen", "0"], { env });
  const [address] = await hub.warned(/ws:\/\/[\d.:]+/);
  await using client = await connect(address);
  await client.register("web", { port: server.addr.port, check: { http: "/", everyMs } });
  await seen(client, "web", (services) => services.length === 0);
  deepEqual([asked, elsewhere], [limits.registryCheckFailures, 0]);
});

/** A port that nothing listens on. */
function closedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
