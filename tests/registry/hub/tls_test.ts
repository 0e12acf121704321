/** Hubs over TLS: clients and peers that trust the certificate come in, others do not. */

import { deepEqual, equal, match } from "node:assert/strict";
import { connectRegistry } from "../../../src/registry/connect_registry.ts";
import { EC, makePair } from "../../support/certificate.ts";
import { connect, next, seen, startHub } from "../../support/registry_hub.ts";

const tls = await makePair(...EC);

Deno.test("clients and peers reach a hub over wss", async () => {
  await using hub = await startHub({ tls });
  match(hub.url!, /^wss:/);
  await using peer = await startHub({ peers: [hub.url!], peerCa: tls.cert });
  await using client = await connect(hub, { ca: tls.cert });
  await client.register("web@1.0.0", { id: "a", port: 1 });
  await seen(peer, "web", (services) => services.length === 1);
  using http = Deno.createHttpClient({ caCerts: [tls.cert], poolMaxIdlePerHost: 0 });
  const response = await fetch(`${hub.url!.replace("wss", "https")}/services?role=web`, { client: http });
  deepEqual((await response.json()).map(({ id }: { id: string }) => id), ["a"]);
});

Deno.test("a client that does not trust the certificate, or speaks no TLS, stays outside and is told why", async () => {
  await using hub = await startHub({ tls });
  for (const url of [hub.url!, hub.url!.replace("wss", "ws")]) {
    await using client = connectRegistry(url);
    match((await next(client, "unreachable")).message, /Cannot reach the hub at wss?:/);
  }
  await using client = await connect(hub, { ca: tls.cert });
  equal(client.isConnected, true);
});
